//! A known secret is in no text that was masked, also where the text was cut in two before.
#![no_main]

use lexi::base::redact::Redactor;
use libfuzzer_sys::fuzz_target;

/// What is shorter is masked only where it stands alone.
const SHORTEST: usize = 8;

/// Stands for the mark: text beside that can make a secret of a part of the mark.
const LETTER: char = '\u{10ffff}';

fuzz_target!(|input: (&str, &str, &str, u16)| {
    let (secret, before, after, at) = input;
    let redactor = Redactor::default();
    redactor.add(secret);
    let is_known = redactor.mask(secret) != secret;
    if !is_known || secret.len() < SHORTEST || secret.contains(['\n', LETTER]) {
        return;
    }
    let text = format!("{before}{secret}{after}");
    assert!(!masked(&redactor, &text).contains(secret));

    let at = usize::from(at) % text.len();
    let cut = text.floor_char_boundary(redactor.cut(text.as_bytes(), at));
    assert!(cut <= at.max(1));
    // One byte goes on whatever stands there, so that reading never comes to a halt.
    if cut <= 1 {
        return;
    }
    let (before, behind) = text.split_at(cut);
    let shown = format!("{}{}", masked(&redactor, before), masked(&redactor, behind));
    assert!(!shown.contains(secret));
});

/// The masked text, with one letter for each mark.
fn masked(redactor: &Redactor, text: &str) -> String {
    let letter = LETTER.to_string();
    redactor.mask(text).replace("[secret]", &letter)
}
