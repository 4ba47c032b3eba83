//! What S3 answers instead, in words that tell what to do.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;
use sealwatch_runtime::trouble::chain;
use std::error::Error;

/// The Region that the bucket is in, where S3 says that it isn't here.
pub fn region<E>(error: &SdkError<E>) -> Option<String> {
    let region = error.raw_response()?.headers().get("x-amz-bucket-region")?;
    Some(region.to_owned())
}

/// Why a call failed; `permission` is what it needs.
pub fn told<E>(error: &SdkError<E>, permission: &str) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let Some(code) = error.code() else {
        return match status {
            Some(status) if status >= 300 => format!("S3 answers with status {status}"),
            Some(_) | None => chain(error),
        };
    };
    let message = error.message().unwrap_or_default();
    let told = format!("{code}: {message}");
    match code {
        "NoSuchBucket" => format!("{told} (no bucket has this name)"),
        "NoSuchKey" => format!("{told} (it was deleted after it was listed)"),
        "InvalidObjectState" => format!("{told} (it is archived: restore it first)"),
        "AccessDenied" => format!("{told} (it needs {permission})"),
        "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" => match region(error) {
            Some(region) => format!("{told} (the bucket is in {region}: set AWS_REGION)"),
            None => format!("{told} (set AWS_REGION to the bucket's Region)"),
        },
        _ => match error.meta().request_id() {
            Some(id) => format!("{told} (request {id})"),
            None => told,
        },
    }
}
