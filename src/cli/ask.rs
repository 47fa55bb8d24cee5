//! Questions of commands that lack a word: only on a terminal, where somebody can answer.

use super::context::Context;
use crate::base::{Cancel, Error, Result};
use crate::ops::prompt;
use crate::runtime::Runtime;

/// Asks for a word; an empty answer is the fallback, if there is one. None without a terminal.
pub(super) fn word(
    question: &str,
    fallback: Option<&str>,
    ctx: &Context,
) -> Result<Option<String>> {
    if !ctx.output().can_ask() {
        return Ok(None);
    }
    let shown = fallback
        .map(|word| format!(" [{word}]"))
        .unwrap_or_default();
    let answer = line(&format!("{question}{shown} "), ctx)?;
    match (answer.as_str(), fallback) {
        ("", Some(word)) => Ok(Some(word.to_owned())),
        ("", None) => Err(Error::refused("there was no answer; nothing was done").exit_status(2)),
        _ => Ok(Some(answer)),
    }
}

/// Asks for a line, which may be empty; the end of the input is no answer.
pub(super) fn line(question: &str, ctx: &Context) -> Result<String> {
    ctx.output().ask(question);
    let answer = Runtime::default().wait(&Cancel::root(), prompt::read_line())?;
    Ok(answer.trim().to_owned())
}
