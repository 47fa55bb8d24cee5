//! Reads the `schedule` of a declaration: a cron line, a map, or an array of either.

use rhai::{Expr, Position};
use serde_json::{Map, Value};

use super::declaration::{Reader, article};
use super::diagnostic::Place;
use super::task::Task;
use crate::base::schedule::{Overlap, SCHEDULE_KEYS, Schedule};
use crate::ops::schedule::{Line, no_line};

/// Reads what stands behind `schedule:`; what is wrong with it is found at its own place.
pub(super) fn read(reader: &mut Reader<'_>, expr: &Expr) -> Vec<(Schedule, Place)> {
    let entries: Vec<&Expr> = match expr {
        Expr::Array(items, _) => items.iter().collect(),
        one => vec![one],
    };
    let found = entries.into_iter().filter_map(|entry| {
        let schedule = one(reader, entry)?;
        Some((schedule, reader.place(entry.start_position())))
    });
    found.collect()
}

/// What only shows when the whole declaration is known: a task that destroys data must not be stopped half way by its own
/// schedule.
pub(super) fn verify(reader: &mut Reader<'_>, task: &Task) {
    let replaced = task
        .schedules
        .iter()
        .filter(|(one, _)| one.overlap == Overlap::Replace);
    if task.destructive
        && let Some((_, place)) = replaced.into_iter().next()
    {
        let message = format!(
            "`{}` destroys data, so its runs must not replace each other",
            task.name
        );
        let hint = "use `overlap: \"skip\"` or `\"queue\"`".to_owned();
        reader.problem_with(place.position(), message, Some(hint));
    }
}

fn one(reader: &mut Reader<'_>, expr: &Expr) -> Option<Schedule> {
    if matches!(expr, Expr::Map(..)) {
        return map(reader, expr);
    }
    let value = reader.literal(expr, "`schedule`")?;
    let kind = value.type_name();
    let Ok(text) = value.into_string() else {
        let message = format!(
            "`schedule` must be a cron line, a map or an array of these, not {}",
            article(kind)
        );
        reader.problem(expr.start_position(), message);
        return None;
    };
    is_line(reader, &text, None, expr.start_position()).then(|| Schedule {
        cron: Some(text),
        ..Schedule::default()
    })
}

fn map(reader: &mut Reader<'_>, expr: &Expr) -> Option<Schedule> {
    let mut fields = Map::new();
    let mut line_at = expr.start_position();
    for (key, at, value) in reader.entries(expr, "`schedule`") {
        if !SCHEDULE_KEYS.contains(&key) {
            reader.unknown(at, "schedule field", key, &SCHEDULE_KEYS);
            continue;
        }
        if key == "cron" {
            line_at = value.start_position();
        }
        let literal = reader.literal(value, &format!("`{key}`"))?;
        let json = serde_json::to_value(&literal).unwrap_or(Value::Null);
        let alone = Map::from_iter([(key.to_owned(), json.clone())]);
        if let Err(error) = serde_json::from_value::<Schedule>(Value::Object(alone)) {
            reader.problem(value.start_position(), format!("`{key}`: {error}"));
            return None;
        }
        fields.insert(key.to_owned(), json);
    }
    let schedule: Schedule = serde_json::from_value(Value::Object(fields)).ok()?;
    match (&schedule.cron, &schedule.setting) {
        (Some(text), None) => {
            is_line(reader, text, schedule.tz.as_deref(), line_at).then_some(schedule)
        }
        (None, Some(_)) => Some(schedule),
        _ => {
            let hint = no_line("")
                .hint_text()
                .map(|hint| hint.replace(" = ", ": "));
            let message = "a schedule needs either `cron` or `setting`";
            reader.problem_with(expr.start_position(), message, hint);
            None
        }
    }
}

fn is_line(reader: &mut Reader<'_>, text: &str, zone: Option<&str>, at: Position) -> bool {
    match Line::parse(text, zone) {
        Ok(_) => true,
        Err(error) => {
            let hint = error.hint_text().map(str::to_owned);
            reader.problem_with(at, error.message(), hint);
            false
        }
    }
}
