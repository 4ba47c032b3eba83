//! The pager: sends a page through SNS.
//!
//! One publish call with all formats and the attributes for filter policies. Decides nothing about what
//! pages or how it reads.

use crate::clients::Clients;
use crate::deadline::{Deadline, Step};
use crate::trouble::{Trouble, call};
use aws_sdk_sns::types::MessageAttributeValue;
use sealwatch_policy::page::Page;

const OPERATION: &str = "sns:Publish";

pub(crate) async fn send(
    clients: &Clients,
    topic: &str,
    page: &Page,
    deadline: &Deadline,
) -> Result<(), Trouble> {
    let mut publish = clients
        .sns()
        .publish()
        .topic_arn(topic)
        .subject(&page.subject)
        .message(page.message())
        .message_structure("json");
    for (name, value) in &page.attributes {
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value).build();
        // `build` fails only without a data type.
        let attribute = attribute.map_err(|error| Trouble::unclear(OPERATION, &error.to_string()))?;
        publish = publish.message_attributes(*name, attribute);
    }
    call(deadline, Step::Page, OPERATION, publish.send()).await.map(|_| ())
}
