//! The fields of a file as unparsed texts, so that an error can show them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess};
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{FileError, integer};

const FIELDS: [&str; 10] = [
    "name",
    "gate_size",
    "frame_step",
    "gate_limit",
    "frame_limit",
    "timezone",
    "storage",
    "_data",
    "_current_dt",
    "strict",
];

/// The known fields' texts; unknown ones are dropped.
#[derive(Default)]
pub(super) struct Raw<'a> {
    texts: BTreeMap<&'static str, &'a str>,
    /// A known field that was given twice.
    pub(super) twice: Option<&'static str>,
}

impl<'a> Raw<'a> {
    pub(super) fn get(&self, field: &'static str) -> Option<&'a str> {
        self.texts.get(field).copied()
    }

    /// Returns a field's text unless it is `null`, which says it is not there.
    pub(super) fn some(&self, field: &'static str) -> Option<&'a str> {
        self.get(field).filter(|text| *text != "null")
    }

    pub(super) fn required(&self, field: &'static str) -> Result<&'a str, FileError> {
        self.get(field)
            .ok_or_else(|| FileError::field_itself(field, "is missing"))
    }
}

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a gate's fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        let mut raw = Raw::default();
        while let Some(key) = map.next_key::<String>()? {
            let Some(field) = FIELDS.into_iter().find(|field| *field == key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let text: &'de RawValue = map.next_value()?;
            if raw.texts.insert(field, text.get()).is_some() {
                raw.twice.get_or_insert(field);
            }
        }
        Ok(raw)
    }
}

/// Collects counts, at most as many as the window has places.
pub(super) struct Values {
    slots: usize,
    pub(super) all: Vec<u64>,
    pub(super) too_many: bool,
    /// A value against a rule: its place, its text and the rule.
    pub(super) bad: Option<(usize, String, &'static str)>,
}

impl Values {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots,
            all: Vec::new(),
            too_many: false,
            bad: None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Values {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Values {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of integers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element::<&'de RawValue>()? {
            if self.all.len() == self.slots {
                self.too_many = true;
                return Err(A::Error::custom("too many values"));
            }
            match integer(value.get()) {
                Ok(value) => self.all.push(value),
                Err(rule) => {
                    self.bad = Some((self.all.len(), value.get().into(), rule));
                    return Err(A::Error::custom(rule));
                }
            }
        }
        Ok(())
    }
}
