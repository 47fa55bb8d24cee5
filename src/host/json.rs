//! From script values to JSON, with a say in what becomes of secrets.

use rhai::{Array, Blob, Dynamic, Map};
use serde_json::Value;

use crate::base::{Error, Result, Secret};

/// What becomes of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Its text, for a server that is to get it.
    Reveal,
    /// A placeholder, for everybody else.
    Mask,
}

/// What a task gave, as a document for people and programs; secrets are masked.
pub fn shown(value: &Dynamic) -> Result<String> {
    let json = to_json(value, Secrets::Mask)?;
    Ok(format!("{json:#}"))
}

/// A script's value as JSON; what has no form in JSON (a closure, a pipeline) is an error.
pub(super) fn to_json(value: &Dynamic, secrets: Secrets) -> Result<Value> {
    if let Some(secret) = value.read_lock::<Secret>() {
        return Ok(match secrets {
            Secrets::Reveal => secret.reveal().into(),
            Secrets::Mask => secret.to_string().into(),
        });
    }
    if let Some(map) = value.read_lock::<Map>() {
        let entry = |(name, value): (&rhai::Identifier, &Dynamic)| {
            Ok((name.to_string(), to_json(value, secrets)?))
        };
        return Ok(Value::Object(map.iter().map(entry).collect::<Result<_>>()?));
    }
    if let Some(array) = value.read_lock::<Array>() {
        let items = array.iter().map(|value| to_json(value, secrets));
        return Ok(Value::Array(items.collect::<Result<_>>()?));
    }
    plain(value).ok_or_else(|| {
        let kind = value.type_name();
        Error::invalid(format!("a value of type {kind} has no form in JSON"))
    })
}

fn plain(value: &Dynamic) -> Option<Value> {
    if value.is_unit() {
        return Some(Value::Null);
    }
    if value.is_string() || value.is_char() {
        return Some(value.to_string().into());
    }
    if value.is::<Blob>() || value.is_fnptr() {
        return None;
    }
    let number = value.as_float().map(Value::from);
    let whole = value.as_int().map(Value::from);
    whole
        .or(number)
        .or_else(|_| value.as_bool().map(Value::from))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_or_revealed_wherever_they_are() {
        let deep = Map::from([("password".into(), Dynamic::from(Secret::new("hunter2")))]);
        let value = Dynamic::from(vec![
            Dynamic::from(deep),
            1.into(),
            1.5.into(),
            Dynamic::UNIT,
        ]);

        let masked = to_json(&value, Secrets::Mask).unwrap().to_string();
        let revealed = to_json(&value, Secrets::Reveal).unwrap().to_string();

        assert_eq!(masked, r#"[{"password":"[secret]"},1,1.5,null]"#);
        assert!(revealed.contains("hunter2"));
    }

    #[test]
    fn what_has_no_form_is_an_error() {
        assert!(to_json(&Dynamic::from(Blob::new()), Secrets::Mask).is_err());
    }
}
