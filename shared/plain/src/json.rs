//! Any JSON, as it was written.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A value read as it stands there.
///
/// `serde_json` reads its own [`Value`] otherwise where its feature `raw_value` is on: an object whose first key is a name that it
/// keeps to itself becomes what its text holds, or can't be read. Whoever makes a call may write such a key.
#[derive(Debug)]
pub struct Json(pub Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any valid JSON value")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json(Value::Null))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Json(value.into()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json(value.into()))
            }
            fn visit_string<E>(self, value: String) -> Result<Json, E> {
                Ok(Json(value.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(Json(value)) = seq.next_element()? {
                    list.push(value);
                }
                Ok(Json(list.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut object = Map::new();
                while let Some((key, Json(value))) = map.next_entry::<String, Json>()? {
                    object.insert(key, value);
                }
                Ok(Json(object.into()))
            }
        }
        deserializer.deserialize_any(Anything)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_serde_json_reads() {
        for text in [
            "null",
            r#"[true,false,0,-1,18446744073709551615,-9223372036854775808,1.5,1e300,"\u00e4\n",[],{}]"#,
            r#"{"b":1,"a":{"c":[{}]},"b":2}"#,
            "123456789012345678901234567890",
        ] {
            let read = serde_json::from_str::<Json>(text).map(|json| json.0);
            assert_eq!(read.unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        for text in ["", "nul", "[1,]", "1e400", r#""\ud800""#, &"[".repeat(200)] {
            assert!(serde_json::from_str::<Json>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_key_makes_structure_of_a_text() {
        for text in [
            r#"{"$serde_json::private::RawValue":"{\"a\":1}"}"#,
            r#"{"\u0024serde_json::private::RawValue":"x","b":[{"$serde_json::private::RawValue":7}]}"#,
            r#"{"$serde_json::private::Number":"1"}"#,
        ] {
            let read = serde_json::from_str::<Json>(text).map(|json| json.0.to_string());
            assert_eq!(read.unwrap(), text.replace("\\u0024", "$"), "{text}");
        }
    }
}
