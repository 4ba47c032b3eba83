//! What S3 answers instead, in words that tell what to do.

use crate::aws::told::{self, Told};
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
pub fn told<E>(error: &SdkError<E>, permission: &str) -> Told
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let Some(code) = error.code() else {
        let what = match status {
            Some(status) if status >= 300 => format!("S3 answers with status {status}"),
            Some(_) | None => {
                return told::told(error).unwrap_or_else(|| Told { what: chain(error), remedy: None });
            }
        };
        return Told { what, remedy: None };
    };
    let message = error.message().unwrap_or_default();
    let what = format!("{code}: {message}");
    let what = match code {
        "NoSuchBucket" => format!("{what} (no bucket has this name)"),
        "NoSuchKey" => format!("{what} (it was deleted after it was listed)"),
        "InvalidObjectState" => format!("{what} (it is archived: restore it first)"),
        "AccessDenied" => format!("{what} (it needs {permission})"),
        "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" => match region(error) {
            Some(region) => format!("{what} (the bucket is in {region}: set AWS_REGION)"),
            None => format!("{what} (set AWS_REGION to the bucket's Region)"),
        },
        _ => match error.meta().request_id() {
            Some(id) => format!("{what} (request {id})"),
            None => what,
        },
    };
    Told { what, remedy: told::remedy(code) }
}
