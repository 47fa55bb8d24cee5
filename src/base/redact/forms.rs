//! The forms in which a secret turns up in output: as it is, by lines, and as the common encodings write it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::views;
use crate::base::text::hex;

/// A value shorter than this would shred ordinary text when replaced.
pub(super) const SHORTEST: usize = 6;

/// Encoded text is also known by parts of this length: programs break long ones into lines, wherever these begin.
const PART: usize = 16;

/// The widths at which `base64`, `openssl` and `xxd -p` break lines.
const WIDTHS: [usize; 3] = [76, 64, 60];

/// A line shorter than this is told of a secret by chance.
const SHORTEST_LINE: usize = 8;

/// Text to look for.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// A form of the whole value.
    Whole(Arc<str>),
    /// The part at `at` of a form; what is around it may be there too.
    Part { of: Arc<str>, at: usize },
}

impl Form {
    /// What to look for.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Whole(text) => text,
            Self::Part { of, at } => &of[*at..*at + PART],
        }
    }
}

/// All forms of a value that are long enough to be told from ordinary text.
pub(super) fn of(value: &str) -> Vec<Form> {
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
    let whole = forms.into_iter().map(|form| Form::Whole(form.into()));
    whole.chain(broken(value)).collect()
}

/// As encoded text is broken into lines: by parts, and by the last lines, which may be too short to hold one.
fn broken(value: &str) -> Vec<Form> {
    let narrowest = WIDTHS[WIDTHS.len() - 1];
    let mut forms = Vec::new();
    if value.len() < SHORTEST {
        return forms;
    }
    for form in encoded(value.as_bytes()) {
        if form.len() <= narrowest {
            continue;
        }
        let of: Arc<str> = form.into();
        for width in WIDTHS {
            let last = &of[of.len() / width * width..];
            if last.len() >= SHORTEST_LINE && last.len() < of.len() {
                forms.push(Form::Whole(last.into()));
            }
        }
        for at in (0..=of.len() - PART).step_by(PART) {
            let of = Arc::clone(&of);
            forms.push(Form::Part { of, at });
        }
    }
    forms
}

/// As languages quote it inside a string.
fn written(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    let strict = percent(text, "%20", true);
    vec![
        text.to_owned(),
        // What is left of a query when its escapes are decoded.
        text.replace(' ', "+"),
        // As a program writes a password that it took from a URL.
        views::without_percent(text),
        json[1..json.len() - 1].to_owned(),
        strict.to_lowercase_escapes(),
        strict.0,
        percent(text, "+", true).0,
        // As browsers write a query: what separates its parts is kept.
        percent(text, "%20", false).0,
        text.replace('\'', "'\\''"),
        text.replace('\'', "'\"'\"'"),
        text.replace('\'', "''"),
        text.replace('"', "\"\""),
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
    fn a_secret_is_masked_however_a_language_writes_it() {
        let redactor = Redactor::default();
        redactor.add("pä/ss wo'r\"d&(1)!$x");
        let texts = [
            "p%C3%A4/ss%20wo%27r%22d%26%281%29%21%24x",
            "p%C3%A4%2Fss%20wo'r%22d%26(1)!%24x",
            "p%c3%a4%2fss+wo%27r%22d%26%281%29!%24x",
            r#"p\u00e4\/ss wo'r\"d&(1)!$x"#,
            r#"p\303\244/ss\ wo\'r\"d\&\(1\)\!\$x"#,
            r#"p\xc3\xa4/ss wo'r\"d&(1)!\$x"#,
            r#"'pä/ss wo'"'"'r"d&(1)!$x'"#,
            "pä/ss wo&#x27;r&quot;d&amp;(1)!$x",
            "pä/ss wo&#39;r&#34;d&amp;(1)!$x",
            "\"pä/ss wo'r\"\"d&(1)!$x\"",
            r#"E'pä/ss wo\'r"d&(1)!$x'"#,
        ];
        for text in texts {
            let masked = redactor.mask(&format!("<{text}>")).into_owned();
            let without_quotes = masked.replace(['\'', '"', 'E'], "");
            assert_eq!(without_quotes, "<[secret]>", "{text}");
        }
    }

    #[test]
    fn encoded_text_is_masked_in_lines_of_any_width() {
        let redactor = Redactor::default();
        let secret: String = (0..200_u32)
            .map(|n| char::from(b'!' + u8::try_from(n * n * 7 % 90).unwrap()))
            .collect();
        redactor.add(&secret);
        for (before, width) in [("", 76), ("", 64), ("user:", 76), ("us", 48), ("use", 64)] {
            let text = STANDARD.encode(format!("{before}{secret}"));
            for (at, line) in text.as_bytes().chunks(width).enumerate() {
                let masked = redactor.mask(str::from_utf8(line).unwrap()).into_owned();
                let is_short = line.len() < 31 && !before.is_empty();
                let left = masked.replace("[secret]", "").len();
                assert!(left < 10 || is_short, "{before} {width} {at}: {masked}");
            }
        }
        for line in hex(secret.as_bytes()).as_bytes().chunks(60) {
            assert_eq!(redactor.mask(str::from_utf8(line).unwrap()), "[secret]");
        }
    }

    #[test]
    fn short_values_have_no_form() {
        for value in ["", "a", "true"] {
            assert!(of(value).is_empty(), "{value}");
        }
    }
}
