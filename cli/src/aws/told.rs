//! What keeps calls from being made at all, in two lines: what it is, and what to do about it.

use aws_credential_types::provider::error::CredentialsError;
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::connection::wants_password;
use sealwatch_runtime::trouble::causes;
use std::error::Error;
use std::fmt;

/// What is wrong, and what to do about it, if that can be said.
#[derive(Debug)]
pub struct Told {
    pub what: String,
    pub remedy: Option<&'static str>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Told {}

const SIGN_IN: &str = "sign in with `aws sso login` or `aws configure`, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
const SIGN_IN_AGAIN: &str =
    "sign in again, or get new temporary credentials; `aws sts get-caller-identity` shows whether they work";
const TRUST: &str =
    "if a proxy of your network opens TLS, name the file with its root certificate in AWS_CA_BUNDLE";
const PASSWORD: &str = "write user and password into the proxy's address: http://USER:PASSWORD@HOST:PORT";

/// An error of which no answer is the cause: no credentials, nobody to trust, no way.
pub fn told(error: &(dyn Error + 'static)) -> Option<Told> {
    let last = causes(error).last().unwrap_or(error);
    if let Some(missing) = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        let nothing = matches!(missing, CredentialsError::CredentialsNotLoaded(_));
        let what = match std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty()) {
            Some(name) if nothing => {
                format!("no AWS credentials were found for the profile `{}`", clean(&name, 80))
            }
            None if nothing => "no AWS credentials were found".to_owned(),
            Some(_) | None => format!("no AWS credentials could be got: {last}"),
        };
        return Some(Told { what, remedy: Some(SIGN_IN) });
    }
    let remedy = if wants_password(error) {
        PASSWORD
    } else if last.to_string().contains("UnknownIssuer") {
        TRUST
    } else {
        return None;
    };
    // What the SDK and hyper say before it is about their own parts.
    let told = causes(error).find(|cause| cause.to_string().starts_with("the proxy "));
    let what = told.map_or_else(|| last.to_string(), |told| format!("{told}: {last}"));
    Some(Told { what, remedy: Some(remedy) })
}

/// What to do about an answer that refuses the credentials.
pub fn remedy(code: &str) -> Option<&'static str> {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "TokenRefreshRequired"
        | "RequestExpired"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "AuthFailure" => Some(SIGN_IN_AGAIN),
        "RequestTimeTooSkewed" => Some("set this machine's clock"),
        _ => None,
    }
}
