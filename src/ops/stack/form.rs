//! The short and long spellings that the compose specification allows, read into one form each.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::base::{Secret, units};

/// Reads a value that is either one scalar (short) or a map (long).
pub(super) fn short_or_long<'de, D, T, Long, E>(
    deserializer: D,
    short: impl Fn(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    Long: DeserializeOwned + TryInto<T, Error: Display>,
    E: Display,
{
    match Value::deserialize(deserializer)? {
        long @ Value::Object(_) => serde_json::from_value::<Long>(long)
            .map_err(D::Error::custom)?
            .try_into()
            .map_err(D::Error::custom),
        other => short(&scalar(&other).map_err(D::Error::custom)?).map_err(D::Error::custom),
    }
}

/// A string, number or boolean as text.
pub(super) fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Ok(String::new()),
        Value::Array(_) => Err("expected one value, got a list".to_owned()),
        Value::Object(_) => Err("expected one value, got a map".to_owned()),
    }
}

/// One scalar or a list of them.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let items = match &value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(scalar).collect(),
        one => scalar(one).map(|one| vec![one]),
    };
    items.map_err(D::Error::custom)
}

/// A command: a list of arguments, or one line that is split like a shell would, without expanding anything.
pub(super) fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match &value {
        Value::String(line) => split_words(line).map_err(D::Error::custom),
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .iter()
            .map(scalar)
            .collect::<Result<_, _>>()
            .map_err(D::Error::custom),
        _ => Err(D::Error::custom("expected a list of arguments or one line")),
    }
}

/// One item or a list of them, each in its own short or long form.
pub(super) fn any_number<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let items = match Value::deserialize(deserializer)? {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        one => vec![one],
    };
    let read = |item| serde_json::from_value(item).map_err(D::Error::custom);
    items.into_iter().map(read).collect()
}

/// Permissions: `"0400"`, octal as it is usual, or a number.
pub(super) fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let mode = match &value {
        Value::String(digits) => u32::from_str_radix(digits, 8).ok(),
        other => other.as_u64().and_then(|mode| u32::try_from(mode).ok()),
    };
    let bad = || {
        D::Error::custom(format!(
            "{value} is no mode; write octal digits such as \"0400\""
        ))
    };
    mode.filter(|mode| *mode <= 0o7777)
        .map(Some)
        .ok_or_else(bad)
}

/// A size, or `-1` for as much as there is.
pub(super) fn swap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = scalar(&Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
    if text == "-1" {
        return Ok(Some(-1));
    }
    let bytes = units::parse_size(&text).map_err(D::Error::custom)?;
    Ok(Some(i64::try_from(bytes).unwrap_or(i64::MAX)))
}

/// `{ A: "b" }` or `["A=b"]`.
pub(super) fn pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let pairs: Result<BTreeMap<_, _>, String> = match &value {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| {
                let text = scalar(value).map_err(|why| format!("`{name}`: {why}"))?;
                Ok((name.clone(), text))
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let text = scalar(item)?;
                let (name, value) = text
                    .split_once('=')
                    .ok_or_else(|| format!("`{text}` has no `=`"))?;
                Ok((name.to_owned(), value.to_owned()))
            })
            .collect(),
        _ => Err("expected a map or a list of `NAME=value`".to_owned()),
    };
    pairs.map_err(D::Error::custom)
}

/// [`pairs`] whose values never print: a password is among them more often than not.
pub(super) fn secret_pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Secret>, D::Error> {
    let pairs = pairs(deserializer)?;
    Ok(pairs
        .into_iter()
        .map(|(name, value)| (name, Secret::new(value)))
        .collect())
}

/// `"1m30s"` or a number of seconds.
pub(super) fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = scalar(&Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
    units::parse_duration(&text)
        .map(Some)
        .map_err(D::Error::custom)
}

/// `"256mb"` or a number of bytes.
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = scalar(&Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
    units::parse_size(&text).map(Some).map_err(D::Error::custom)
}

/// A scalar, such as the user `1000`.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    scalar(&value).map(Some).map_err(D::Error::custom)
}

/// `"0.5"` or a number.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let text = scalar(&Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let bad = || D::Error::custom(format!("`{text}` is not a number"));
    number.ok_or_else(bad).map(Some)
}

/// Splits a line at blanks; quotes and a backslash keep them.
pub(super) fn split_words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => word.extend(chars.next()),
                        Some(inner) => word.push(inner),
                        None => return Err(format!("no closing {c} in `{line}`")),
                    }
                }
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_blanks_outside_quotes() {
        let cases: [(&str, &[&str]); 5] = [
            ("", &[]),
            ("a  b\tc", &["a", "b", "c"]),
            ("save '60 1' x", &["save", "60 1", "x"]),
            (r#"-c a="b \"c\" d""#, &["-c", "a=b \"c\" d"]),
            (r"a\ b ''", &["a b", ""]),
        ];
        for (line, expected) in cases {
            assert_eq!(split_words(line).unwrap(), expected, "{line}");
        }
        assert!(split_words("a 'b").is_err());
    }
}
