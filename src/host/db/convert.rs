//! Between a script's values and those of the database.

use std::collections::BTreeSet;

use rhai::{Array, Blob, Dynamic, Map};
use serde_json::Value as Json;

use crate::base::{Error, Result, Secret};
use crate::ops::database::{Rows, Value};

/// A script's parameters; one that has no form in the database is named by its number.
pub(super) fn parameters(values: &Array) -> Result<Vec<Value>> {
    let numbered = (1..).zip(values);
    let convert = |(number, value)| {
        to_value(value).map_err(|e| {
            e.context(format!("parameter {number}"))
                .field("parameter", number)
        })
    };
    numbered.map(convert).collect()
}

fn to_value(value: &Dynamic) -> Result<Value> {
    if let Some(secret) = value.read_lock::<Secret>() {
        return Ok(Value::Text(secret.reveal().to_owned()));
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Value::Bytes(bytes.clone()));
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items
            .iter()
            .map(to_value)
            .collect::<Result<_>>()
            .map(Value::List);
    }
    if value.is_map() {
        return to_json(value).map(Value::Json);
    }
    scalar(value).ok_or_else(|| unusable(value))
}

fn scalar(value: &Dynamic) -> Option<Value> {
    if value.is_unit() {
        return Some(Value::Null);
    }
    if value.is_string() || value.is_char() {
        return Some(Value::Text(value.to_string()));
    }
    let flag = value.as_bool().ok().map(Value::Bool);
    flag.or_else(|| value.as_int().ok().map(Value::Int))
        .or_else(|| value.as_float().ok().map(Value::Float))
}

fn unusable(value: &Dynamic) -> Error {
    Error::invalid(format!(
        "the database has no form for a {}",
        value.type_name()
    ))
}

fn to_json(value: &Dynamic) -> Result<Json> {
    if let Some(map) = value.read_lock::<Map>() {
        let fields = map
            .iter()
            .map(|(key, value)| Ok((key.to_string(), to_json(value)?)));
        return fields
            .collect::<Result<serde_json::Map<_, _>>>()
            .map(Json::Object);
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items
            .iter()
            .map(to_json)
            .collect::<Result<_>>()
            .map(Json::Array);
    }
    match scalar(value) {
        Some(Value::Null) => Ok(Json::Null),
        Some(Value::Bool(flag)) => Ok(Json::Bool(flag)),
        Some(Value::Int(number)) => Ok(Json::from(number)),
        Some(Value::Text(text)) => Ok(Json::String(text)),
        Some(Value::Float(number)) => serde_json::Number::from_f64(number)
            .map(Json::Number)
            .ok_or_else(|| Error::invalid(format!("JSON has no number {number}"))),
        _ => Err(Error::invalid(format!(
            "JSON has no form for a {}",
            value.type_name()
        ))),
    }
}

/// Rows as maps from the columns' names.
pub(super) fn maps(rows: Rows) -> Array {
    let columns = rows.columns;
    let map = |row: Vec<Value>| {
        let fields = columns.iter().zip(row);
        let map: Map = fields
            .map(|(name, value)| (name.as_str().into(), from_value(value)))
            .collect();
        Dynamic::from_map(map)
    };
    rows.rows.into_iter().map(map).collect()
}

/// A value of the database as a script's.
pub(super) fn from_value(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => flag.into(),
        Value::Int(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes),
        Value::Json(json) => from_json(json),
        Value::List(items) => items.into_iter().map(from_value).collect::<Array>().into(),
    }
}

fn from_json(json: Json) -> Dynamic {
    match json {
        Json::Null => Dynamic::UNIT,
        Json::Bool(flag) => flag.into(),
        Json::String(text) => text.into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            // Beyond 64 bits JSON's numbers are not exact anywhere.
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::Array(items) => items.into_iter().map(from_json).collect::<Array>().into(),
        Json::Object(fields) => {
            let map: Map = fields
                .into_iter()
                .map(|(key, json)| (key.into(), from_json(json)))
                .collect();
            Dynamic::from_map(map)
        }
    }
}

/// A script's rows for COPY: maps with the same keys, or arrays in the order of `columns`.
pub(super) fn copy_rows(rows: &Array, columns: Vec<String>) -> Result<Rows> {
    let columns = match rows.first().and_then(Dynamic::read_lock::<Map>) {
        Some(first) if columns.is_empty() => first.keys().map(ToString::to_string).collect(),
        _ => columns,
    };
    if columns.is_empty() && !rows.is_empty() {
        return Err(
            Error::invalid("rows that are arrays need the option `columns`")
                .hint("pass `#{ columns: [\"a\", \"b\"] }`"),
        );
    }
    let values = (1..).zip(rows).map(|(number, row)| {
        copy_row(row, &columns).map_err(|e| e.context(format!("row {number}")).field("row", number))
    });
    let rows = values.collect::<Result<_>>()?;
    Ok(Rows { columns, rows })
}

fn copy_row(row: &Dynamic, columns: &[String]) -> Result<Vec<Value>> {
    if let Some(items) = row.read_lock::<Array>() {
        if items.len() != columns.len() {
            let (given, wanted) = (items.len(), columns.len());
            return Err(Error::invalid(format!(
                "{given} values for {wanted} columns"
            )));
        }
        return items.iter().map(to_value).collect();
    }
    let Some(map) = row.read_lock::<Map>() else {
        return Err(Error::invalid(format!(
            "a row is a map or an array, not a {}",
            row.type_name()
        )));
    };
    let known: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    if let Some(extra) = map.keys().find(|key| !known.contains(key.as_str())) {
        return Err(Error::invalid(format!("`{extra}` is none of the columns")));
    }
    let value = |name: &String| {
        let value = map.get(name.as_str());
        value.map_or_else(
            || Err(Error::invalid(format!("no value for column `{name}`"))),
            to_value,
        )
    };
    columns.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(script: &str) -> Dynamic {
        rhai::Engine::new().eval(script).unwrap()
    }

    #[test]
    fn values_keep_their_type_both_ways() {
        let scripts = [
            "()",
            "true",
            "-5",
            "1.5",
            "\"x\"",
            "[1, (), \"a\"]",
            "#{ a: [1, #{ b: () }] }",
        ];
        for script in scripts {
            let before = eval(script);
            let after = from_value(to_value(&before).unwrap());

            assert_eq!(format!("{before:?}"), format!("{after:?}"));
        }
        assert_eq!(to_value(&eval("'x'")).unwrap(), Value::Text("x".into()));
        assert_eq!(
            to_value(&eval("blob(2, 7)")).unwrap(),
            Value::Bytes(vec![7, 7])
        );
        let secret = Dynamic::from(Secret::new("s"));
        assert_eq!(to_value(&secret).unwrap(), Value::Text("s".into()));
    }

    #[test]
    fn what_has_no_form_is_named() {
        let cases = [
            (
                "[1, timestamp()]",
                "parameter 2: the database has no form for a timestamp",
            ),
            (
                "[#{ a: blob(1) }]",
                "parameter 1: JSON has no form for a blob",
            ),
        ];
        for (script, message) in cases {
            let values = eval(script).into_array().unwrap();

            assert_eq!(parameters(&values).unwrap_err().message(), message);
        }
    }

    #[test]
    fn rows_to_copy_have_the_same_columns() {
        let rows = |script: &str| eval(script).into_array().unwrap();
        let good = copy_rows(&rows("[#{ b: 2, a: 1 }, #{ a: 3, b: () }]"), Vec::new()).unwrap();
        assert_eq!(good.columns, ["a", "b"]);
        assert_eq!(good.rows[1], [Value::Int(3), Value::Null]);

        let cases = [
            (
                "[#{ a: 1 }, #{ b: 2 }]",
                "row 2: `b` is none of the columns",
            ),
            (
                "[#{ a: 1, b: 1 }, #{ b: 2 }]",
                "row 2: no value for column `a`",
            ),
            (
                "[#{ a: 1 }, 7]",
                "row 2: a row is a map or an array, not a i64",
            ),
            ("[[1]]", "rows that are arrays need the option `columns`"),
        ];
        for (script, message) in cases {
            assert_eq!(
                copy_rows(&rows(script), Vec::new()).unwrap_err().message(),
                message
            );
        }
    }
}
