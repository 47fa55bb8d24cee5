//! Questions of commands that lack a word: only on a terminal, where somebody can answer.

use super::context::Context;
use crate::base::{Error, Result};

/// Asks for a word; an empty answer is the fallback, if there is one. None without a terminal.
pub(super) fn word(
    question: &str,
    fallback: Option<&str>,
    ctx: &Context,
) -> Result<Option<String>> {
    let out = ctx.output();
    if !out.can_ask() {
        return Ok(None);
    }
    let shown = fallback
        .map(|word| format!(" [{word}]"))
        .unwrap_or_default();
    out.ask(&format!("{question}{shown} "));
    let mut line = String::new();
    let count = std::io::stdin().read_line(&mut line);
    let count = count.map_err(|e| Error::io("cannot read the answer", e))?;
    let answer = line.trim();
    match (answer, fallback) {
        ("", Some(word)) if count > 0 => Ok(Some(word.to_owned())),
        ("", _) => Err(Error::refused("there was no answer; nothing was done").exit_status(2)),
        _ => Ok(Some(answer.to_owned())),
    }
}
