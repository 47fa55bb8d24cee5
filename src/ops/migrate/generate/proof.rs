//! The proof: the two files are run where the migrations were, and what is there then is compared, as `pg_dump` and as the
//! catalogs tell it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Generate;
use super::text::Draft;
use crate::base::{Error, Result};
use crate::ops::database::{Target, connect, split};
use crate::ops::migrate::files::{Files, find};
use crate::ops::migrate::revert::{Back, revert};
use crate::ops::migrate::up::{UpOptions, up};
use crate::ops::schema::{self, Catalog};

/// The most differences that are named one by one.
const MOST_NAMED: usize = 30;

/// What the proof found.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What the files leave undone; `forth: ` or `back: ` in front says which.
    pub(super) rest: Vec<String>,
    /// What differs and cannot matter.
    pub(super) notes: Vec<String>,
}

/// Two dumps, statement by statement.
pub(super) struct Proof {
    has: Statements,
    wants: Statements,
}

impl Proof {
    pub(super) fn new(has: &str, wants: &str) -> Result<Self> {
        Ok(Self {
            has: Statements::of(has)?,
            wants: Statements::of(wants)?,
        })
    }

    /// What one has and the other has not, in words.
    pub(super) fn differences(&self) -> Vec<String> {
        self.has.differences(&self.wants)
    }
}

/// Runs the draft forth and back in the database that the migrations were run in.
pub(super) async fn prove(
    request: &Generate<'_>,
    current: &Target,
    draft: &Draft,
    proof: &Proof,
    (from, to): (&Catalog, &Catalog),
) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    let folder = Folder::make(request, draft)?;
    let mut migrations = request.migrations.clone();
    migrations
        .migrations
        .extend(find(&folder.0, request.folder.1)?.migrations);
    if let Err(error) = forth(current, &migrations).await {
        verdict
            .rest
            .push(format!("forth: it does not run: {}", said(&error)));
        return Ok(verdict);
    }
    let (statements, catalog) = look(request, current).await?;
    let left = statements.differences(&proof.wants);
    let left = left.into_iter().chain(catalogs(&catalog, to));
    verdict
        .rest
        .extend(left.map(|line| format!("forth: {line}")));
    if let Err(error) = back(current, &migrations).await {
        verdict
            .rest
            .push(format!("back: it does not run: {}", said(&error)));
        return Ok(verdict);
    }
    let (statements, catalog) = look(request, current).await?;
    let exact = statements.differences(&proof.has);
    let left = statements
        .in_any_column_order()
        .differences(&proof.has.in_any_column_order());
    if left.is_empty() && !exact.is_empty() {
        verdict.notes.push("taken back, a column that was dropped stands at the end of its table: PostgreSQL adds it nowhere else".to_owned());
    }
    let left = left.into_iter().chain(catalogs(&catalog, from));
    verdict
        .rest
        .extend(left.map(|line| format!("back: {line}")));
    Ok(verdict)
}

fn said(error: &Error) -> String {
    error.full_message()
}

async fn forth(current: &Target, migrations: &Files) -> Result<()> {
    let done = up(current, migrations, &UpOptions::default(), &|_| {}).await;
    done.map(drop)
}

async fn back(current: &Target, migrations: &Files) -> Result<()> {
    let done = revert(current, migrations, Back::Steps(1), &|_| {}).await;
    done.map(drop)
}

async fn look(request: &Generate<'_>, target: &Target) -> Result<(Statements, Catalog)> {
    let text = request.dump.text(target).await?;
    let catalog = schema::read(&mut connect(target).await?).await?;
    Ok((Statements::of(&text)?, catalog))
}

/// What the catalogs tell and a dump does not, such as rights.
fn catalogs(has: &Catalog, wants: &Catalog) -> Vec<String> {
    let left = schema::plan(has, wants);
    left.iter()
        .map(|statement| format!("still to do: {}", short(&statement.sql)))
        .collect()
}

/// The draft as files, so that they are read as those in the project are.
struct Folder(PathBuf);

impl Folder {
    fn make(request: &Generate<'_>, draft: &Draft) -> Result<Self> {
        let folder = request
            .dump
            .scratch
            .join(format!("generate-{}", std::process::id()));
        crate::ops::files::make_dir(&folder)?;
        let folder = Self(folder);
        let texts = draft.texts(&Verdict::default());
        for (name, text) in draft.file_names().iter().zip(texts) {
            crate::ops::files::write(&folder.0.join(name), text.as_bytes(), None)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A next run with this number writes the same files.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

/// The statements of a dump and how often each is there; their order tells nothing.
struct Statements(BTreeMap<String, usize>);

impl Statements {
    fn of(dump: &str) -> Result<Self> {
        let is_sql =
            |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
        let text: Vec<&str> = dump.lines().filter(is_sql).collect();
        let mut all = BTreeMap::new();
        for statement in split(&text.join("\n"))? {
            *all.entry(statement.text.to_owned()).or_default() += 1;
        }
        Ok(Self(all))
    }

    fn in_any_column_order(&self) -> Self {
        let sorted = |(text, count): (&String, &usize)| {
            if !text.starts_with("CREATE TABLE ") && !text.starts_with("CREATE UNLOGGED TABLE ") {
                return (text.clone(), *count);
            }
            let mut lines: Vec<&str> = text
                .lines()
                .map(|line| line.trim().trim_end_matches(','))
                .collect();
            lines[1..].sort_unstable();
            (lines.join("\n"), *count)
        };
        Self(self.0.iter().map(sorted).collect())
    }

    fn differences(&self, wanted: &Self) -> Vec<String> {
        let only = |a: &Self, b: &Self| -> Vec<String> {
            let more = |text: &&String| a.0[*text] > b.0.get(*text).copied().unwrap_or_default();
            a.0.keys().filter(more).cloned().collect()
        };
        let (extra, missing) = (only(self, wanted), only(wanted, self));
        let twin = |text: &String, others: &[String]| {
            let is_table = text.starts_with("CREATE ");
            let same = |other: &&String| is_table && first_line(other) == first_line(text);
            others.iter().find(same).cloned()
        };
        let mut named: Vec<String> = Vec::new();
        let mut name = |line: String| {
            if !named.contains(&line) {
                named.push(line);
            }
        };
        for text in &missing {
            name(match twin(text, &extra) {
                Some(other) => differing_lines(text, &other),
                None => format!("missing: {}", short(text)),
            });
        }
        for text in extra.iter().filter(|text| twin(text, &missing).is_none()) {
            name(format!("not wanted: {}", short(text)));
        }
        if named.len() > MOST_NAMED {
            let more = named.len() - MOST_NAMED;
            named.truncate(MOST_NAMED);
            named.push(format!("and {more} more"));
        }
        named
    }
}

/// How two statements that begin alike differ.
fn differing_lines(wanted: &str, other: &str) -> String {
    let title = first_line(wanted).trim_end_matches(" (");
    let bare = |line: &str| line.trim().trim_end_matches(',').to_owned();
    let only = |one: &str, other: &str| -> Option<String> {
        let others: Vec<String> = other.lines().map(bare).collect();
        one.lines().map(bare).find(|line| !others.contains(line))
    };
    let (missing, extra) = (only(wanted, other), only(other, wanted));
    let parts = [("wants", missing), ("has", extra)];
    let parts = parts
        .into_iter()
        .filter_map(|(word, line)| Some(format!("{word} `{}`", line?)));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        return format!(
            "different: {title}: the same columns in another order, as when one was dropped and added again"
        );
    }
    format!("different: {title}: {}", parts.join(", "))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The beginning of a statement in one line.
fn short(text: &str) -> String {
    const MOST: usize = 120;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &line[..end]),
        None => line,
    }
}
