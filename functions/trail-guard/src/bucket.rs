//! The Region of a bucket, where a trail's key has to be.
//!
//! S3 tells it to anybody who asks for the bucket's head, in a header of whatever it answers, a refusal too; the
//! SDKs' own search for a bucket's Region is built on that. So it needs no permission, also for a bucket of
//! another account. It reads nothing else, and writes nothing.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::names::Region;
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use std::time::Duration;

const HEADER: &str = "x-amz-bucket-region";
const PAUSE: Duration = Duration::from_millis(200);
const TRIES: u8 = 3;

/// The Region of `bucket`.
pub async fn region(boot: &Boot, bucket: &str, deadline: &Deadline) -> Reading<Region> {
    let unreadable = |why: String, retryable| {
        let why = clean(&format!("s3:HeadBucket of {bucket}: {why}"), 400);
        Reading::Unreadable(Unreadable { why, retryable })
    };
    let plain = bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !plain || bucket.is_empty() {
        return unreadable("that is no bucket's name".to_owned(), false);
    }
    let url = url(boot, bucket);
    let mut trouble = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            if !deadline.has(Step::Gather, PAUSE) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        match deadline.bound(Step::Gather, boot.clients.ask_unsigned(&url)).await {
            Some(Ok(response)) => match told(&response) {
                Told::Region(text) => {
                    return match Region::parse(&text) {
                        Ok(region) => Reading::Known(region),
                        Err(error) => unreadable(error.to_string(), false),
                    };
                }
                Told::NoBucket => return Reading::Absent,
                Told::Nothing(status) if status < 500 && status != 429 => {
                    return unreadable(format!("answered {status} without {HEADER}"), false);
                }
                Told::Nothing(status) => trouble = format!("answered {status}"),
            },
            Some(Err(error)) => trouble = error.to_string(),
            None => {
                trouble = "no answer within the time that the invocation has left for it".to_owned();
                break;
            }
        }
    }
    unreadable(trouble, true)
}

enum Told {
    Region(String),
    NoBucket,
    Nothing(u16),
}

fn told(response: &HttpResponse) -> Told {
    let status = response.status().as_u16();
    match response.headers().get(HEADER) {
        Some(region) => Told::Region(region.to_owned()),
        None if status == 404 => Told::NoBucket,
        None => Told::Nothing(status),
    }
}

/// By path, because a bucket's name may hold dots, which no certificate covers.
fn url(boot: &Boot, bucket: &str) -> String {
    match boot.clients.endpoint() {
        Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        None => {
            let region = &boot.region;
            format!("https://s3.{region}.{}/{bucket}", region.partition().dns_suffix())
        }
    }
}
