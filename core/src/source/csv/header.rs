use serde::de::value::Error as Refusal;
use serde::de::{Deserializer, Error, Visitor};
use serde::{forward_to_deserialize_any, Deserialize};
use std::cell::Cell;

/// The names of the fields of a row, if it is a struct: those that the header of a
/// file must have, or may have.
pub(super) fn fields_of<'de, R: Deserialize<'de>>() -> Option<&'static [&'static str]> {
    let fields = Cell::new(None);
    // It always refuses, having been told the names.
    let _ = R::deserialize(Probe(&fields));
    fields.get()
}

/// A deserializer that has nothing and remembers what it was asked for.
struct Probe<'a>(&'a Cell<Option<&'static [&'static str]>>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Refusal;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refusal> {
        self.0.set(Some(fields));
        Err(Refusal::custom("only asked"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refusal> {
        Err(Refusal::custom("only asked"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes
        byte_buf option unit unit_struct seq tuple tuple_struct map enum identifier
        ignored_any
    }
}

/// Whether a row was refused for what the header lacks or has twice, and not for
/// what stands in the row: then no row can ever be right.
pub(super) fn is_to_blame(reason: &str, header: &csv::StringRecord, fields: &[&str]) -> bool {
    let named = |prefix: &str| {
        let name = reason.strip_prefix(prefix)?.strip_suffix('`')?;
        fields.contains(&name).then_some(name)
    };
    let count = |name: &str| header.iter().filter(|column| *column == name).count();
    named("missing field `").is_some_and(|name| count(name) == 0)
        || named("duplicate field `").is_some_and(|name| count(name) > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(dead_code)]
    #[derive(Deserialize)]
    struct Row {
        id: u32,
        #[serde(rename = "quantity")]
        qty: Option<u8>,
    }

    #[allow(dead_code)]
    #[derive(Deserialize)]
    struct Wrapped(Row);

    #[test]
    fn the_fields_of_a_struct_are_known_without_one() {
        assert_eq!(fields_of::<Row>(), Some(&["id", "quantity"][..]));
        assert_eq!(fields_of::<Wrapped>(), Some(&["id", "quantity"][..]));
        assert_eq!(fields_of::<(u32, String)>(), None);
        assert_eq!(fields_of::<Vec<String>>(), None);
    }

    #[test]
    fn a_row_that_is_wrong_is_not_the_headers_fault() {
        let header = csv::StringRecord::from(vec!["id", "x", "x"]);
        for (reason, expected) in [
            ("missing field `qty`", true),
            ("missing field `id`", false),
            ("missing field `other`", false),
            ("duplicate field `x`", true),
            ("duplicate field `id`", false),
            ("invalid digit found in string", false),
        ] {
            let found = is_to_blame(reason, &header, &["id", "qty", "x"]);
            assert_eq!(found, expected, "{reason}");
        }
    }
}
