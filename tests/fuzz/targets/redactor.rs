//! A known secret is in no text that was masked, also where the text was cut in two before.
#![no_main]

use lexi::base::redact::Redactor;
use libfuzzer_sys::fuzz_target;

/// What is shorter is masked only where it stands alone.
const SHORTEST: usize = 8;

fuzz_target!(|input: (&str, &str, &str, u16)| {
    let (secret, before, after, at) = input;
    let redactor = Redactor::default();
    redactor.add(secret);
    let is_known = redactor.mask(secret) != secret;
    if !is_known || secret.len() < SHORTEST || secret.contains('\n') {
        return;
    }
    let text = format!("{before}{secret}{after}");
    assert!(!redactor.mask(&text).contains(secret));

    let at = usize::from(at) % text.len();
    let cut = text.floor_char_boundary(redactor.cut(text.as_bytes(), at));
    assert!(cut <= at.max(1));
    let shown = redactor.mask(&text[..cut]).into_owned() + &redactor.mask(&text[cut..]);
    assert!(!shown.contains(secret));
});
