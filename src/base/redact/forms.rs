//! The forms in which a secret turns up in output: as it is, by lines, and as the common encodings write it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::base::text::hex;

/// A value shorter than this would shred ordinary text when replaced.
const SHORTEST: usize = 6;

/// All forms of a value that are long enough to be told from ordinary text.
pub(super) fn of(value: &str) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    // Output is marked and streamed by lines, so each line counts too.
    for text in std::iter::once(value).chain(value.lines().map(str::trim)) {
        if text.len() >= SHORTEST {
            forms.extend(written(text));
            forms.extend(encoded(text.as_bytes()));
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// As languages quote it inside a string.
fn written(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    let strict = percent(text, "%20", true);
    vec![
        text.to_owned(),
        json[1..json.len() - 1].to_owned(),
        strict.to_lowercase_escapes(),
        strict.0,
        percent(text, "+", true).0,
        // As browsers write a query: what separates its parts is kept.
        percent(text, "%20", false).0,
        text.replace('\'', "'\\''"),
        text.replace('\'', "''"),
        shell_escaped(text),
        markup(text),
    ]
}

/// Percent-encoded text.
struct Percent(String);

impl Percent {
    /// The same with small letters in its escapes.
    fn to_lowercase_escapes(&self) -> String {
        let mut small = String::with_capacity(self.0.len());
        let mut escape = 0;
        for c in self.0.chars() {
            small.push(if escape > 0 {
                c.to_ascii_lowercase()
            } else {
                c
            });
            escape = if c == '%' {
                2_u8
            } else {
                escape.saturating_sub(1)
            };
        }
        small
    }
}

fn percent(text: &str, space: &str, strict: bool) -> Percent {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push_str(space),
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'/' | b':' | b';'
            | b'=' | b'?' | b'@'
                if !strict =>
            {
                out.push(char::from(byte));
            }
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    Percent(out)
}

/// As `printf %q` and `set -x` of a shell write it.
fn shell_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !(c.is_alphanumeric() || "-_./:@%+=,".contains(c)) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// As base64 writes it at each of its three offsets in a longer text, and as hexadecimal digits.
fn encoded(bytes: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        // The first characters hold bits of what stands before, the last ones bits of what follows.
        let first = [0, 2, 3][offset];
        let last = padded.len() * 8 / 6;
        for text in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            forms.push(text[first..last].to_owned());
        }
    }
    let hex = hex(bytes);
    forms.push(hex.to_uppercase());
    forms.push(hex);
    forms
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::super::Redactor;
    use super::*;

    const SECRET: &str = "s3cr3t&p'ss \"w/rd+?";

    #[test]
    fn every_common_encoding_of_a_secret_is_masked() {
        let redactor = Redactor::default();
        redactor.add(SECRET);
        let texts = [
            "http://x/?a=s3cr3t%26p%27ss%20%22w%2Frd%2B%3F&b=1",
            "s3cr3t%26p%27ss%20%22w%2frd%2b%3f",
            "s3cr3t%26p%27ss+%22w%2Frd%2B%3F",
            "echo 's3cr3t&p'\\''ss \"w/rd+?'",
            "s3cr3t\\&p\\'ss\\ \\\"w/rd+\\?",
            "'s3cr3t&p''ss \"w/rd+?'",
            "<a>s3cr3t&amp;p&#39;ss &quot;w/rd+?</a>",
            "7333637233742670277373202277",
        ];
        for text in &texts[..7] {
            assert!(redactor.mask(text).contains("[secret]"), "{text}");
        }
        let hex = hex(SECRET.as_bytes());
        assert_eq!(redactor.mask(&hex.to_uppercase()), "[secret]");
        assert_eq!(redactor.mask(texts[7]), texts[7], "a part is not the whole");
    }

    #[test]
    fn base64_is_masked_whatever_stands_around_the_secret() {
        let redactor = Redactor::default();
        redactor.add(SECRET);
        for before in ["", "u", "us", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = STANDARD.encode(format!("{before}{SECRET}{after}"));
                let masked = redactor.mask(&text);
                assert!(masked.contains("[secret]"), "{before} {after}: {masked}");
                assert!(
                    masked.len() < "[secret]".len() + 14,
                    "{before} {after}: {masked}"
                );
            }
        }
    }

    #[test]
    fn short_values_have_no_form() {
        assert!(of("true").is_empty());
    }
}
