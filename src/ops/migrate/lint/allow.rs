//! `-- lexi:allow RULE, RULE`: what the author of a file has looked at and wants, in a line of its own between statements.

use super::rule::{RULES, Rule, named};
use crate::base::text::did_you_mean;
use crate::base::{Error, Result};
use crate::ops::database::split::Statement;
use crate::ops::database::sqlfile::SqlText;

/// The rules that a file allows itself to break.
pub(super) fn allowed(
    sql: SqlText<'_>,
    statements: &[Statement<'_>],
) -> Result<Vec<&'static Rule>> {
    let mut rules = Vec::new();
    let mut from = 0;
    let ends = statements
        .iter()
        .map(|one| (one.range.start, one.range.end));
    for (start, end) in ends.chain([(sql.text.len(), sql.text.len())]) {
        for line in sql.text[from..start].lines() {
            for id in names(line) {
                rules.push(named(id).ok_or_else(|| unknown(sql, id))?);
            }
        }
        from = end;
    }
    Ok(rules)
}

fn names(line: &str) -> impl Iterator<Item = &str> {
    let list = line
        .trim()
        .strip_prefix("--")
        .and_then(|comment| comment.trim_start().strip_prefix("lexi:allow"));
    let is_gap = |c: char| c == ',' || c.is_whitespace();
    list.unwrap_or_default()
        .split(is_gap)
        .filter(|name| !name.is_empty())
}

fn unknown(sql: SqlText<'_>, id: &str) -> Error {
    let line = sql
        .text
        .lines()
        .position(|line| names(line).any(|name| name == id));
    let ids = RULES.iter().map(|rule| rule.id);
    let hint = match did_you_mean(id, ids.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the rules are: {}", ids.collect::<Vec<_>>().join(", ")),
    };
    let error = Error::invalid(format!("there is no rule `{id}` to allow")).hint(hint);
    sql.placed(error, line.unwrap_or(0) + 1)
}
