//! Reads a record of the shape that CloudTrail writes, alone or as EventBridge delivers it, without holding what nobody asks for.
//!
//! A field twice, of another type or out of place gives nothing.

use crate::json::Json;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A record, if the text is one and nothing else.
#[must_use]
pub fn read(text: &str) -> Option<Record<'_>> {
    whole(text)
}

/// An envelope around a record, if the text is one and nothing else.
#[must_use]
pub fn read_envelope(text: &str) -> Option<Envelope<'_>> {
    whole(text)
}

fn whole<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = T::deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(read)
}

/// Text as it stands there, or unescaped. Empty counts as absent.
#[derive(Debug)]
pub struct Text<'a>(pub Cow<'a, str>);

/// Anything, which is held to be what a `Value` can hold, and let go.
struct Checked;

/// An object of which some fields are read, each once; the others are only checked.
macro_rules! object {
    ($what:literal $name:ident<'a> $(but no $refused:literal)? { $($field:ident ($key:literal): $type:ty,)* }) => {
        #[doc = $what]
        #[derive(Debug, Default)]
        pub struct $name<'a> {
            $(#[doc = concat!("`", $key, "`")] pub $field: Option<$type>,)*
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
                                $($refused => return Err(A::Error::custom("another shape")),)?
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

object!("What EventBridge puts around a record." Envelope<'a> {
    kind ("detail-type"): Text<'a>,
    detail ("detail"): Record<'a>,
});

object!("A call as CloudTrail recorded it." Record<'a> but no "detail" {
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
    request ("requestParameters"): Json,
    details ("serviceEventDetails"): Json,
    response ("responseElements"): Json,
    resources ("resources"): Vec<Resource<'a>>,
});

object!("Who called." Identity<'a> {
    kind ("type"): Text<'a>,
    arn ("arn"): Text<'a>,
    invoked_by ("invokedBy"): Text<'a>,
    principal_id ("principalId"): Text<'a>,
    session ("sessionContext"): Session<'a>,
});

object!("Behind whom a role stands." Session<'a> {
    issuer ("sessionIssuer"): Issuer<'a>,
});

object!("A role." Issuer<'a> {
    kind ("type"): Text<'a>,
    arn ("arn"): Text<'a>,
});

object!("What a call was about." Resource<'a> {
    arn ("ARN"): Text<'a>,
    small ("arn"): Text<'a>,
});

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
