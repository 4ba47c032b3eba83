//! Shapes of events that CloudTrail and EventBridge have really sent, and what is read out of each.

mod actor;
mod failures;
mod plain;
mod shapes;
mod totality;

use super::{Actor, Change, ParseError, Parsed, parse};
use crate::untrusted::Untrusted;
use serde_json::{Map, Value, json};

/// A call as CloudTrail records it, with nothing missing.
fn record() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:ada",
            "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ada",
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLE",
                    "arn": "arn:aws:iam::111122223333:role/teams/Deploy",
                    "accountId": "111122223333",
                    "userName": "Deploy"
                },
                "attributes": { "creationDate": "2026-11-20T08:00:00Z", "mfaAuthenticated": "false" }
            }
        },
        "eventTime": "2026-11-20T08:15:00Z",
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": { "logGroupName": "/payments/api" },
        "responseElements": null,
        "requestID": "11111111-aaaa-bbbb-cccc-222222222222",
        "eventID": "33333333-aaaa-bbbb-cccc-444444444444",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

/// The envelope that EventBridge puts around a record.
fn envelope(detail: Value) -> Value {
    json!({
        "version": "0",
        "id": "55555555-aaaa-bbbb-cccc-666666666666",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.logs",
        "account": "444455556666",
        "time": "2026-11-20T08:15:30Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail
    })
}

/// The record with these fields replaced, and those that stand as `"(absent)"` taken out.
fn with(changed: Value) -> Value {
    let (Value::Object(mut record), Value::Object(changed)) = (record(), changed) else {
        panic!("both are objects");
    };
    record.extend(changed);
    Value::Object(record.into_iter().filter(|(_, value)| value != "(absent)").collect::<Map<_, _>>())
}

fn read(event: &Value) -> Change {
    match parse(event) {
        Ok(Parsed::Change(change)) => *change,
        other => panic!("expected a change, got {other:?}"),
    }
}

fn raw(text: Option<&Untrusted>) -> Option<&str> {
    text.map(Untrusted::raw)
}
