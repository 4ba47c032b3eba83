//! Reads a record of the shape that CloudTrail writes without holding what nobody asks for.
//!
//! A large archive is read several times faster so than through a `Value`. It gives what [`super::parse`] gives, or nothing:
//! a field twice, of another type or out of place is left to that.

use super::{Actor, Change, Failure};
use crate::names::{AccountId, Place, Region};
use crate::untrusted::Untrusted;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// A record's change, if it is as CloudTrail writes it.
pub(super) fn read(text: &str) -> Option<Change> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let record = Record::deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    record.change()
}

/// Text as it stands there, or unescaped. Empty counts as absent.
struct Text<'a>(Cow<'a, str>);

/// Anything, which is held to be what a `Value` can hold, and let go.
struct Checked;

/// An object of which some fields are read, each once; the others are only checked.
macro_rules! object {
    ($name:ident<'a> { $($field:ident ($key:literal): $type:ty,)* }) => {
        #[derive(Default)]
        struct $name<'a> {
            $($field: Option<$type>,)*
            // Not each of them borrows.
            _text: std::marker::PhantomData<&'a str>,
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields<'a>(std::marker::PhantomData<&'a str>);
                impl<'de: 'a, 'a> Visitor<'de> for Fields<'a> {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<Text<'de>>()? {
                            match key.0.as_ref() {
                                // Another shape, whatever it holds.
                                "detail" => return Err(A::Error::custom("an envelope")),
                                $($key => {
                                    if object.$field.is_some() {
                                        return Err(A::Error::custom("a field stands there twice"));
                                    }
                                    object.$field = map.next_value()?;
                                })*
                                _ => {
                                    map.next_value::<Checked>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}

object!(Record<'a> {
    event_id ("eventID"): Text<'a>,
    event_source ("eventSource"): Text<'a>,
    event_name ("eventName"): Text<'a>,
    event_time ("eventTime"): Text<'a>,
    category ("eventCategory"): Text<'a>,
    management ("managementEvent"): bool,
    kind ("eventType"): Text<'a>,
    account ("recipientAccountId"): Text<'a>,
    region ("awsRegion"): Text<'a>,
    identity ("userIdentity"): Identity<'a>,
    source_ip ("sourceIPAddress"): Text<'a>,
    user_agent ("userAgent"): Text<'a>,
    error_code ("errorCode"): Text<'a>,
    error_message ("errorMessage"): Text<'a>,
    request ("requestParameters"): Value,
    details ("serviceEventDetails"): Value,
    response ("responseElements"): Value,
    resources ("resources"): Vec<Resource<'a>>,
});

object!(Identity<'a> {
    kind ("type"): Text<'a>,
    arn ("arn"): Text<'a>,
    invoked_by ("invokedBy"): Text<'a>,
    principal_id ("principalId"): Text<'a>,
    session ("sessionContext"): Session<'a>,
});

object!(Session<'a> {
    issuer ("sessionIssuer"): Issuer<'a>,
});

object!(Issuer<'a> {
    kind ("type"): Text<'a>,
    arn ("arn"): Text<'a>,
});

object!(Resource<'a> {
    arn ("ARN"): Text<'a>,
    small ("arn"): Text<'a>,
});

impl Record<'_> {
    fn change(self) -> Option<Change> {
        let is_management = self.management != Some(false)
            && told(self.category.as_ref()).is_none_or(|category| category == "Management")
            && told(self.kind.as_ref())
                .is_none_or(|kind| matches!(kind, "AwsApiCall" | "AwsServiceEvent" | "AwsConsoleAction"));
        if !is_management {
            return None;
        }
        let failure = match (untrusted(self.error_code), untrusted(self.error_message)) {
            (Some(code), message) => Some(Failure { code, message }),
            // How it is named then is for the other reader to say.
            (None, Some(_)) => return None,
            (None, None) => None,
        };
        let resources = self.resources.unwrap_or_default();
        Some(Change {
            event_id: untrusted(self.event_id)?,
            event_source: untrusted(self.event_source)?,
            event_name: untrusted(self.event_name)?,
            time: told(self.event_time.as_ref())?.parse().ok()?,
            place: Place {
                account: AccountId::parse(&self.account?.0).ok()?,
                region: Region::parse(&self.region?.0).ok()?,
            },
            actor: self.identity.unwrap_or_default().actor(),
            source_ip: untrusted(self.source_ip),
            user_agent: untrusted(self.user_agent),
            failure,
            request: self.request.or(self.details).unwrap_or(Value::Null),
            response: self.response.unwrap_or(Value::Null),
            resources: resources
                .into_iter()
                .filter_map(|it| untrusted(it.arn).or_else(|| untrusted(it.small)))
                .collect(),
        })
    }
}

impl Identity<'_> {
    fn actor(self) -> Actor {
        let issuer = self.session.and_then(|session| session.issuer);
        let role = issuer.filter(|issuer| told(issuer.kind.as_ref()) == Some("Role"));
        Actor {
            kind: untrusted(self.kind),
            arn: untrusted(self.arn),
            issuer: role.and_then(|role| untrusted(role.arn)),
            invoked_by: untrusted(self.invoked_by),
            principal_id: untrusted(self.principal_id),
        }
    }
}

fn told<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.map(|text| text.0.as_ref()).filter(|text| !text.is_empty())
}

fn untrusted(text: Option<Text<'_>>) -> Option<Untrusted> {
    text.filter(|text| !text.0.is_empty()).map(|text| Untrusted::new(text.0))
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsItStands;
        impl<'de> Visitor<'de> for AsItStands {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AsItStands)
    }
}

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Checked;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_unit<E>(self) -> Result<Checked, E> {
                Ok(Checked)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
                Ok(Checked)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
                Ok(Checked)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
                Ok(Checked)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
                Ok(Checked)
            }
            fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
                Ok(Checked)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Checked, A::Error> {
                while list.next_element::<Checked>()?.is_some() {}
                Ok(Checked)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Checked, A::Error> {
                while map.next_entry::<Checked, Checked>()?.is_some() {}
                Ok(Checked)
            }
        }
        deserializer.deserialize_any(Anything)
    }
}
