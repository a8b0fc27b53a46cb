use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::names::is_hidden;

/// Walks through a JSON text and returns the name of its schema. Refuses what a field-by-field reader would accept:
/// duplicate keys, of which only one would count, and control characters, which would reach a terminal.
pub(super) fn schema_of(text: &str) -> serde_json::Result<Option<String>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut schema = None;
    Walk { depth: 0, schema: &mut schema }.deserialize(&mut json)?;
    json.end()?;
    Ok(schema)
}

struct Walk<'a> {
    depth: u32,
    schema: &'a mut Option<String>,
}

impl Walk<'_> {
    fn below(&mut self) -> Walk<'_> {
        Walk { depth: self.depth + 1, schema: self.schema }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    /// The name of the schema, if it is a string.
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.chars().any(is_hidden) {
            return Err(E::custom("a control character stands in a text"));
        }
        Ok(Some(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element_seed(self.below())?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.chars().any(is_hidden) {
                return Err(A::Error::custom("a control character stands in a key"));
            }
            let text = map.next_value_seed(self.below())?;
            if self.depth == 0 && key == "schema" {
                *self.schema = text;
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key '{key}' stands there twice")));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_schema_counts() {
        let schema = |text: &str| schema_of(text).expect(text);
        assert_eq!(schema(r#"{"a": {"schema": "x"}, "schema": "y"}"#), Some("y".into()));
        assert_eq!(schema(r#"[{"schema": "x"}]"#), None);
        assert_eq!(schema("null"), None);
    }

    #[test]
    fn what_a_reader_of_fields_would_not_see_is_refused() {
        let refused = |text: &str| schema_of(text).expect_err(text).to_string();
        assert_eq!(refused("{\"a\": [{\"b\": 1, \"b\": 2}]}"), "the key 'b' stands there twice at line 1 column 23");
        assert!(refused(r#"{"a": "\u001b[2J"}"#).contains("a control character stands in a text"));
        assert!(refused("{\"a\": \"\u{202e}\"}").contains("a control character stands in a text"));
        assert!(refused(r#"{"\u0007": 1}"#).contains("a control character stands in a key"));
    }
}
