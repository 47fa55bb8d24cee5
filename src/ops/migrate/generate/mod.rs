//! Writes the migration that makes the schema of the files into another one, and proves it.
//!
//! What the files make is built in a database of its own (`current`). The wanted schema is the live database's or that of
//! a file. `ops/schema` says which statements lie between them; here they become two files that are run there, forth and
//! back, and the schema is compared each time.

mod live;
mod proof;
mod scratch;
mod text;
mod write;

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::proof::Proof;
use self::scratch::Scratch;
use super::files::Files;
use super::{create, lock};
use crate::base::{Error, Result};
use crate::ops::backup::SchemaDump;
use crate::ops::database::{Target, connect};
use crate::ops::schema;

/// What to generate from, and where to.
pub struct Generate<'a> {
    /// The live database; also the server that the others are made on.
    pub target: &'a Target,
    /// The migrations that there are.
    pub migrations: &'a Files,
    /// The folder of migrations, and as people know it.
    pub folder: (&'a Path, &'a str),
    /// The folder of the files that initialise a database, and as people know it.
    pub init: (&'a Path, &'a str),
    /// What the new migration is called.
    pub name: &'a str,
    /// The file with the wanted schema, and as people know it; the live database's schema without it.
    pub from: Option<(&'a Path, &'a str)>,
    /// Whether the files are only told, not written.
    pub dry_run: bool,
    /// What dumps schemas.
    pub dump: SchemaDump<'a>,
}

/// What was generated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Generated {
    /// The two files; none when there is no difference.
    pub files: Vec<PathBuf>,
    /// The text of the first, the way forth.
    pub up: String,
    /// The text of the second, the way back.
    pub down: String,
    /// How many statements the first one has.
    pub statements: usize,
    /// What whoever runs it should know before.
    pub hazards: Vec<String>,
    /// Whether the two files do all that they should.
    pub complete: bool,
    /// What they do not do.
    pub rest: Vec<String>,
    /// What is as it should be and looks different.
    pub notes: Vec<String>,
    /// Whether the live database's history has the new migration now.
    pub recorded: bool,
}

/// Generates a migration; `on_step` hears what is being done.
pub async fn generate(
    request: &Generate<'_>,
    on_step: &(dyn Fn(&str) + Sync),
) -> Result<Generated> {
    create::check_name(request.name)?;
    let _held = if request.from.is_none() {
        live::refuse_unclean(request.target, request.migrations).await?;
        Some(lock::acquire(request.target, lock::WAIT).await?)
    } else {
        None
    };
    let mut scratch = Scratch::open(request.target).await?;
    let outcome = in_scratch(request, &mut scratch, on_step).await;
    let closed = scratch.close().await;
    let generated = outcome?;
    closed?;
    Ok(generated)
}

async fn in_scratch(
    request: &Generate<'_>,
    scratch: &mut Scratch,
    on_step: &(dyn Fn(&str) + Sync),
) -> Result<Generated> {
    let wanted = match request.from {
        None => request.target.clone(),
        Some((path, shown)) => {
            on_step(&format!("loading {shown} into a database of its own"));
            scratch.load("wanted", path, shown).await?
        }
    };
    on_step("building what the files make in a database of its own");
    let current = scratch.build("current", request).await?;
    on_step("comparing");
    let (has, wants) = (
        request.dump.text(&current).await?,
        request.dump.text(&wanted).await?,
    );
    let from = schema::read(&mut connect(&current).await?).await?;
    let to = schema::read(&mut connect(&wanted).await?).await?;
    let (up, down) = (schema::plan(&from, &to), schema::plan(&to, &from));
    let proof = Proof::new(&has, &wants)?;
    if up.is_empty() {
        let rest = proof.differences();
        let complete = rest.is_empty();
        return Ok(Generated {
            complete,
            rest,
            ..Generated::default()
        });
    }
    on_step("proving the statements, forth and back");
    let source = source(request);
    let draft = text::Draft::new(request, &source, &up, &down)?;
    let verdict = proof::prove(request, &current, &draft, &proof, (&from, &to)).await?;
    let [up_text, down_text] = draft.texts(&verdict);
    let mut generated = Generated {
        up: up_text,
        down: down_text,
        statements: up.len(),
        hazards: text::hazards(&up),
        complete: verdict.rest.is_empty(),
        rest: verdict.rest,
        notes: verdict.notes,
        ..Generated::default()
    };
    if request.dry_run {
        return Ok(generated);
    }
    let is_to_record = request.from.is_none() && generated.complete;
    if is_to_record {
        unchanged(&request.dump.text(&wanted).await?, &wants)?;
    }
    let texts = [&generated.up, &generated.down];
    generated.files = write::write(request.folder.0, &draft.file_names(), texts)?;
    if is_to_record {
        live::record(request, draft.version).await?;
        generated.recorded = true;
    }
    Ok(generated)
}

/// What the wanted schema is called in the files.
fn source(request: &Generate<'_>) -> String {
    match request.from {
        Some((_, shown)) => format!("`{shown}`"),
        None => format!("database `{}`", request.target.database),
    }
}

/// Refuses a proof about a schema that is no longer what the live database has.
fn unchanged(now: &str, before: &str) -> Result<()> {
    if Proof::new(before, now)?.differences().is_empty() {
        return Ok(());
    }
    Err(
        Error::refused("somebody changed the database's schema meanwhile; nothing was written")
            .hint("run it again"),
    )
}
