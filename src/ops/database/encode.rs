//! From a [`Value`] to what a parameter or a column of the database takes.
//!
//! Two forms are made here: the binary one where it is simple, and else the text that the server itself reads, so that
//! `"2024-01-31"`, `"{1,2}"` or `"[1,5)"` mean what they mean in SQL.

use std::fmt::Write;

use serde_json::Value as Json;
use sqlx::postgres::PgTypeInfo;

use super::value::{Class, Value, type_name};

/// A parameter that is ready, or nearly.
#[derive(Debug, PartialEq)]
pub(super) enum Encoded {
    Null,
    /// The binary form of the parameter's type.
    Binary(Vec<u8>),
    /// The text form; the server has to turn it into the binary one.
    Text(String),
}

/// Why a value does not fit: what the type takes and what was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch(pub(super) String);

/// The form of a value for a parameter of this type.
pub(super) fn parameter(value: &Value, info: &PgTypeInfo) -> Result<Encoded, Mismatch> {
    let class = Class::of(info);
    let whole = match value {
        Value::Int(whole) => *whole,
        _ => 0,
    };
    let binary = match (&class, value) {
        (Class::Bool, Value::Bool(flag)) => vec![u8::from(*flag)],
        (Class::Int2, Value::Int(_)) => fit::<i16>(whole, info)?.to_be_bytes().to_vec(),
        (Class::Int4, Value::Int(_)) => fit::<i32>(whole, info)?.to_be_bytes().to_vec(),
        (Class::Oid, Value::Int(_)) => fit::<u32>(whole, info)?.to_be_bytes().to_vec(),
        (Class::Int8, Value::Int(_)) => whole.to_be_bytes().to_vec(),
        (Class::Float8, Value::Float(number)) => number.to_be_bytes().to_vec(),
        (Class::Bytes, Value::Bytes(bytes)) => bytes.clone(),
        _ => {
            let Some(text) = text(value, info)? else {
                return Ok(Encoded::Null);
            };
            return Ok(match class {
                Class::Text | Class::Json => Encoded::Binary(text.into_bytes()),
                Class::Jsonb => Encoded::Binary([&[1], text.as_bytes()].concat()),
                _ => Encoded::Text(text),
            });
        }
    };
    Ok(Encoded::Binary(binary))
}

fn fit<T: TryFrom<i64>>(whole: i64, info: &PgTypeInfo) -> Result<T, Mismatch> {
    T::try_from(whole).map_err(|_out_of_range| {
        Mismatch(format!("{whole} is out of range for {}", type_name(info)))
    })
}

/// The text that the server reads as this value of this type; none for NULL.
pub(super) fn text(value: &Value, info: &PgTypeInfo) -> Result<Option<String>, Mismatch> {
    let class = Class::of(info);
    let text = match (&class, value) {
        (_, Value::Null) => return Ok(None),
        (Class::Json | Class::Jsonb, Value::Text(source)) => source.clone(),
        (Class::Json | Class::Jsonb, value) => json(value)?.to_string(),
        (Class::Array(element), Value::List(items)) => array(items, element)?,
        (Class::Bytes, Value::Bytes(bytes)) => hex(bytes),
        (Class::Bool, Value::Bool(flag)) => flag.to_string(),
        (class, Value::Int(whole)) if takes_whole(class) => whole.to_string(),
        (class, Value::Float(number)) if takes_float(class) => format!("{number:?}"),
        (Class::Bytes, _) => return Err(mismatch("a blob", value, info)),
        (_, Value::Text(text)) => text.clone(),
        (class, value) => return Err(mismatch(wanted(class), value, info)),
    };
    Ok(Some(text))
}

fn mismatch(wanted: &str, value: &Value, info: &PgTypeInfo) -> Mismatch {
    Mismatch(format!(
        "{} takes {wanted}, not {}",
        type_name(info),
        value.type_name()
    ))
}

const fn takes_whole(class: &Class) -> bool {
    takes_float(class) || matches!(class, Class::Int2 | Class::Int4 | Class::Int8 | Class::Oid)
}

const fn takes_float(class: &Class) -> bool {
    matches!(
        class,
        Class::Float4 | Class::Float8 | Class::Numeric | Class::Money
    )
}

const fn wanted(class: &Class) -> &'static str {
    match class {
        Class::Bool => "a bool",
        Class::Array(_) => "an array",
        Class::Int2 | Class::Int4 | Class::Int8 | Class::Oid => "an int",
        class if takes_float(class) => "an int, a float or a string",
        _ => "a string",
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

/// `{"a","b",NULL}`: everything in quotes, so that no element is taken for something else.
fn array(items: &[Value], element: &PgTypeInfo) -> Result<String, Mismatch> {
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        parts.push(match item {
            Value::List(inner) if !is_json(element) => array(inner, element)?,
            _ => match text(item, element)? {
                None => "NULL".to_owned(),
                Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            },
        });
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

fn is_json(info: &PgTypeInfo) -> bool {
    matches!(Class::of(info), Class::Json | Class::Jsonb)
}

/// The JSON document that a value stands for.
fn json(value: &Value) -> Result<Json, Mismatch> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(whole) => Json::from(*whole),
        Value::Float(number) => serde_json::Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| Mismatch(format!("JSON has no number {number}")))?,
        Value::Text(text) => Json::String(text.clone()),
        Value::Json(json) => json.clone(),
        Value::List(items) => Json::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        Value::Bytes(_) => return Err(Mismatch("JSON has no form for a blob".to_owned())),
    })
}
