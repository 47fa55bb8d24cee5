//! The server's own settings: which differ from those wanted, and setting them.
//!
//! A server that `lexi` starts gets its settings with its command; this is for one that is managed elsewhere.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Executor, Row};

use super::error::{running, sqlstate};
use super::sqlfile::run;
use super::{Target, admin, quote_ident, setting};
use crate::base::{Error, Result};

/// How a setting stands to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is as wanted.
    Same,
    /// It differs, and a reload brings it into force.
    Differs,
    /// It differs, and only a restart brings it into force.
    Restart,
    /// It differs, and the command that started the server decides it.
    Fixed,
    /// The server does not know it, such as one of a library that is not loaded.
    Unknown,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What is wanted.
    pub wanted: String,
    /// What is in force; none when the server does not know it.
    pub current: Option<String>,
    /// How the two compare.
    pub state: State,
    /// Whether this run has written it to the server's configuration.
    pub is_written: bool,
}

/// The libraries that are loaded at the start: others that are there already must stay.
const LIBRARIES: &str = "shared_preload_libraries";

/// Compares settings and, where asked to, writes those that differ: each by a statement of its own, as
/// `ALTER SYSTEM` wants it, then one reload.
pub async fn tune(
    target: &Target,
    wanted: &BTreeMap<String, String>,
    apply: bool,
) -> Result<Vec<Setting>> {
    let mut connection = admin::maintenance(target).await?;
    let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
    let known = facts(&mut connection, &names).await?;
    let written = in_file(&mut connection, &names).await?;
    let mut settings = Vec::new();
    let mut statements = Vec::new();
    for (name, value) in wanted {
        let fact = known.get(name.as_str());
        let setting = compare(name, value, fact);
        let is_open = matches!(setting.state, State::Differs | State::Restart);
        let is_there = fact.zip(written.get(name.as_str()));
        if is_open && !is_there.is_some_and(|(fact, there)| fact.is_same(there, value)) {
            statements.push((settings.len(), statement(name, value, fact)));
        }
        settings.push(setting);
    }
    if apply && !statements.is_empty() {
        for (index, sql) in &statements {
            let done = run(&mut connection, sql).await;
            done.map_err(|error| refused(error, &statements))?;
            settings[*index].is_written = true;
        }
        run(&mut connection, "SELECT pg_reload_conf()").await?;
    }
    Ok(settings)
}

fn refused(error: Error, statements: &[(usize, String)]) -> Error {
    if sqlstate(&error) != Some("42501") {
        return error;
    }
    let all: Vec<&str> = statements.iter().map(|(_, sql)| sql.as_str()).collect();
    error
        .context("only a superuser may change the server's settings")
        .hint(format!(
            "as a superuser: {}; SELECT pg_reload_conf()",
            all.join("; ")
        ))
}

fn compare(name: &str, wanted: &str, fact: Option<&Fact>) -> Setting {
    let state = match fact {
        None => State::Unknown,
        Some(fact) if fact.is_same(&fact.setting, wanted) => State::Same,
        Some(fact) if fact.source == "command line" => State::Fixed,
        Some(fact) if fact.context == "postmaster" => State::Restart,
        Some(_) => State::Differs,
    };
    Setting {
        name: name.to_owned(),
        wanted: wanted.to_owned(),
        current: fact.map(|fact| fact.shown.clone()),
        state,
        is_written: false,
    }
}

fn statement(name: &str, wanted: &str, fact: Option<&Fact>) -> String {
    let quoted: Vec<String> = name.split('.').map(quote_ident).collect();
    let value = if name == LIBRARIES {
        let mut all = setting::names(fact.map_or("", |fact| &fact.setting));
        let new = setting::names(wanted);
        all.extend(
            new.into_iter()
                .filter(|one| !all.contains(one))
                .collect::<Vec<_>>(),
        );
        setting::written_names(&all)
    } else {
        setting::written(name, wanted)
    };
    format!("ALTER SYSTEM SET {} = {value}", quoted.join("."))
}

/// What the server says of a setting.
#[derive(Debug)]
struct Fact {
    name: String,
    setting: String,
    shown: String,
    unit: Option<String>,
    kind: String,
    context: String,
    source: String,
}

impl Fact {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get(0)?,
            setting: row.try_get(1)?,
            shown: row.try_get(2)?,
            unit: row.try_get(3)?,
            kind: row.try_get(4)?,
            context: row.try_get(5)?,
            source: row.try_get(6)?,
        })
    }

    /// Whether a value, in the setting's own unit where it names none, is what is wanted.
    fn is_same(&self, value: &str, wanted: &str) -> bool {
        if self.name == LIBRARIES {
            let there = setting::names(value);
            return setting::names(wanted).iter().all(|one| there.contains(one));
        }
        let meaning = |text| meaning(text, &self.kind, self.unit.as_deref());
        meaning(value) == meaning(wanted)
    }
}

async fn facts(connection: &mut PgConnection, names: &[&str]) -> Result<HashMap<String, Fact>> {
    let sql = "SELECT name, setting, current_setting(name), unit, vartype, context, source \
        FROM pg_settings WHERE name = ANY($1)";
    let rows = connection.fetch_all(sqlx::query(sql).bind(names)).await;
    let rows = rows.map_err(|e| running(sql, e))?;
    let facts = rows
        .iter()
        .map(|row| Fact::of(row).map(|fact| (fact.name.clone(), fact)));
    facts.collect::<Result<_, _>>().map_err(|e| running(sql, e))
}

/// What earlier runs have written and no restart has brought into force yet; only a superuser may look.
async fn in_file(connection: &mut PgConnection, names: &[&str]) -> Result<HashMap<String, String>> {
    let sql = "SELECT name, setting FROM pg_file_settings \
        WHERE name = ANY($1) AND sourcefile LIKE '%/postgresql.auto.conf' ORDER BY seqno";
    let rows = connection.fetch_all(sqlx::query(sql).bind(names)).await;
    let rows = match rows.map_err(|e| running(sql, e)) {
        Err(error) if sqlstate(&error) == Some("42501") => return Ok(HashMap::new()),
        rows => rows?,
    };
    let pair = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter()
        .map(pair)
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|e| running(sql, e))
}

/// What a value means, so that `16MB` and 2048 blocks of 8 kB are the same.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    Switch(bool),
    Amount(f64),
    Text(String),
}

fn meaning(text: &str, kind: &str, unit: Option<&str>) -> Meaning {
    let text = text.trim();
    let found = match kind {
        "bool" => switch(text).map(Meaning::Switch),
        "integer" | "real" => amount(text, unit).map(Meaning::Amount),
        "enum" => Some(Meaning::Text(text.to_lowercase())),
        _ => None,
    };
    found.unwrap_or_else(|| Meaning::Text(text.to_owned()))
}

fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// Units of PostgreSQL: sizes in bytes, times in milliseconds.
const UNITS: [(&str, f64); 11] = [
    ("B", 1.0),
    ("kB", 1024.0),
    ("MB", 1_048_576.0),
    ("GB", 1_073_741_824.0),
    ("TB", 1_099_511_627_776.0),
    ("us", 0.001),
    ("ms", 1.0),
    ("s", 1000.0),
    ("min", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
];

/// An amount in the smallest unit; a number without a unit is in that of the setting, such as `8kB`.
fn amount(text: &str, own: Option<&str>) -> Option<f64> {
    let is_unit = |c: char| c.is_ascii_alphabetic();
    let (number, unit) = text.split_at(text.find(is_unit).unwrap_or(text.len()));
    let number: f64 = number.trim().parse().ok()?;
    let unit = if unit.is_empty() { own } else { Some(unit) };
    let Some(unit) = unit else {
        return Some(number);
    };
    let digits = unit.find(is_unit)?;
    let times: f64 = if digits == 0 {
        1.0
    } else {
        unit[..digits].parse().ok()?
    };
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == &unit[digits..])?;
    Some(number * times * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        let same = [
            ("2048", "16MB", "integer", Some("8kB")),
            ("300000", "300s", "integer", Some("ms")),
            ("60", "1min", "integer", Some("s")),
            ("1024", "1GB", "integer", Some("MB")),
            ("-1", "-1", "integer", Some("kB")),
            ("0.9", "0.90", "real", None),
            ("1000", "1s", "integer", Some("ms")),
            ("on", "true", "bool", None),
            ("minimal", "Minimal", "enum", None),
            ("%t ", "%t", "string", None),
        ];
        for (there, wanted, kind, unit) in same {
            assert_eq!(
                meaning(there, kind, unit),
                meaning(wanted, kind, unit),
                "{wanted}"
            );
        }
        let other = [
            ("16384", "256MB", "integer", Some("8kB")),
            ("off", "on", "bool", None),
            ("a", "A", "string", None),
            ("200", "100", "integer", None),
        ];
        for (there, wanted, kind, unit) in other {
            assert_ne!(
                meaning(there, kind, unit),
                meaning(wanted, kind, unit),
                "{wanted}"
            );
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests' runtime is that of their attribute"
)]
mod services {
    use super::*;
    use crate::ops::testing;

    fn wanted(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn states(settings: &[Setting]) -> Vec<(&str, State, bool)> {
        settings
            .iter()
            .map(|one| (one.name.as_str(), one.state, one.is_written))
            .collect()
    }

    #[tokio::test]
    async fn what_differs_is_written_once_and_a_restart_is_told() {
        let server = testing::start_postgres();
        let target = testing::target(&server);
        crate::ops::database::wait_until_ready(&target, std::time::Duration::from_mins(1), &|_| {})
            .await
            .unwrap();
        let wanted = wanted(&[
            ("max_connections", "77"),
            ("nonsense.setting", "1"),
            ("random_page_cost", "4.0"),
            ("shared_preload_libraries", "pg_stat_statements"),
            ("wal_buffers", "8MB"),
            ("work_mem", "9MB"),
        ]);

        let seen = tune(&target, &wanted, false).await.unwrap();
        let first = tune(&target, &wanted, true).await.unwrap();
        let second = tune(&target, &wanted, true).await.unwrap();

        assert_eq!(
            states(&seen),
            [
                ("max_connections", State::Fixed, false),
                ("nonsense.setting", State::Unknown, false),
                ("random_page_cost", State::Same, false),
                ("shared_preload_libraries", State::Restart, false),
                ("wal_buffers", State::Restart, false),
                ("work_mem", State::Differs, false),
            ]
        );
        let written: Vec<_> = first
            .iter()
            .filter(|one| one.is_written)
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(
            written,
            ["shared_preload_libraries", "wal_buffers", "work_mem"]
        );
        assert!(second.iter().all(|one| !one.is_written), "{second:?}");
        assert_eq!(second[4].state, State::Restart);
    }

    #[tokio::test]
    async fn who_may_not_is_told_what_a_superuser_has_to_run() {
        let database = testing::database().await;
        let mut connection = admin::maintenance(&database).await.unwrap();
        let sql = format!("CREATE ROLE humble LOGIN PASSWORD '{}'", testing::PASSWORD);
        let _made = connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.as_str())))
            .await
            .unwrap();
        let target = Target {
            user: "humble".to_owned(),
            ..database
        };

        let error = tune(&target, &wanted(&[("work_mem", "9MB")]), true)
            .await
            .unwrap_err();

        let hint = error.hint_text().unwrap();
        assert!(
            hint.contains("ALTER SYSTEM SET \"work_mem\" = '9MB'; SELECT pg_reload_conf()"),
            "{hint}"
        );
    }
}
