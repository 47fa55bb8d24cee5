//! Replies, in the few forms that scripts know.

use std::collections::BTreeMap;

use super::target::answered;
use crate::base::{Error, Result};

/// A reply of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string that is UTF-8.
    Text(String),
    /// A string that is not.
    Bytes(Vec<u8>),
    /// An array or a set.
    List(Vec<Self>),
    /// Names and values.
    Map(BTreeMap<String, Self>),
}

impl Reply {
    pub(super) fn of(value: redis::Value) -> Result<Self> {
        use redis::Value;
        Ok(match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Int(number),
            Value::Double(number) => Self::Float(number),
            Value::Boolean(flag) => Self::Bool(flag),
            Value::Okay => Self::Text("OK".to_owned()),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => Self::Text(text),
            Value::BulkString(bytes) | Value::BigNumber(bytes) => Self::string(bytes),
            Value::Array(items) | Value::Set(items) | Value::Push { data: items, .. } => {
                Self::List(items.into_iter().map(Self::of).collect::<Result<_>>()?)
            }
            Value::Map(pairs) => Self::map(pairs)?,
            Value::Attribute { data, .. } => Self::of(*data)?,
            Value::ServerError(error) => return Err(answered(&error.into())),
            other => return Err(Error::internal(format!("redis replied with {other:?}"))),
        })
    }

    pub(super) fn string(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Self::Bytes(e.into_bytes()), Self::Text)
    }

    /// A map; a list of pairs when a key is not text.
    fn map(pairs: Vec<(redis::Value, redis::Value)>) -> Result<Self> {
        let convert = |(key, value)| Ok((Self::of(key)?, Self::of(value)?));
        let pairs: Vec<(Self, Self)> = pairs.into_iter().map(convert).collect::<Result<_>>()?;
        let named = pairs
            .iter()
            .map(|(key, value)| Some((key.as_name()?, value.clone())));
        if let Some(map) = named.collect::<Option<BTreeMap<_, _>>>() {
            return Ok(Self::Map(map));
        }
        Ok(Self::List(
            pairs
                .into_iter()
                .map(|(key, value)| Self::List(vec![key, value]))
                .collect(),
        ))
    }

    fn as_name(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
