//! What the flags grant, with paths and programs as they really are now, and what no flag can grant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::base::{Error, Project, Result, Settings};
use crate::cli::args;
use crate::cli::context::Context;
use crate::host::permit::{Allow, Level, Service, is_net_grant};
use crate::ops::database::machine::right_on_machine;
use crate::ops::database::{Target, connect};
use crate::ops::native;
use crate::ops::process::{Program, Registry};
use crate::runtime;

/// What the database needs of the settings.
const DATABASE: [&str; 5] = [
    "DB_HOST",
    "DB_PORT",
    "DB_DATABASE",
    "DB_USERNAME",
    "DB_PASSWORD",
];

/// What the flags allow.
pub(super) fn allow(
    flags: &args::Untrusted,
    here: &Path,
    registry: &Registry,
    ctx: &Context,
) -> Result<Allow> {
    if let Some(wrong) = flags.allow_net.iter().find(|net| !is_net_grant(net)) {
        return Err(
            Error::usage(format!("`--allow-net {wrong}` is no machine and port"))
                .hint("write `--allow-net HOST:PORT`, or `HOST:*`"),
        );
    }
    let roots = roots(here, ctx);
    let paths = |flag: &str, paths: &[PathBuf]| -> Result<Vec<String>> {
        let granted = paths.iter().map(|path| granted(flag, path, here, &roots));
        granted.collect()
    };
    let program = |name: &String| -> Result<String> {
        let found = Program::new(name)
            .env("PATH", super::outside::PATH)
            .dir(here)
            .find(registry);
        let found = found.map_err(|e| in_flag("allow-run", e))?;
        Ok(found.display().to_string())
    };
    Ok(Allow {
        read: paths("allow-read", &flags.allow_read)?,
        write: paths("allow-write", &flags.allow_write)?,
        run: flags.allow_run.iter().map(program).collect::<Result<_>>()?,
        net: flags.allow_net.clone(),
        db: flags.allow_db.as_deref().map(level).transpose()?,
        ..Allow::default()
    })
}

/// A path that a flag grants, where it really is.
fn granted(flag: &str, path: &Path, here: &Path, roots: &BTreeSet<PathBuf>) -> Result<String> {
    let shown = path.display();
    let real = here
        .join(path)
        .canonicalize()
        .map_err(|e| Error::usage(format!("`--{flag} {shown}`")).because(e))?;
    let nearest = Project::root_above(&real).map(Path::to_path_buf);
    let own = roots
        .iter()
        .cloned()
        .chain(nearest)
        .flat_map(|root| own(&root));
    let own: Vec<PathBuf> = own.collect();
    // The system can add to what it grants, and take nothing out of it.
    let touched = own
        .iter()
        .find(|own| own.starts_with(&real) || real.starts_with(own));
    if let Some(own) = touched {
        let message = format!(
            "`--{flag} {shown}` would hold `{}`: a project's records and settings are never granted",
            own.display()
        );
        return Err(Error::usage(message).hint(format!(
            "put what the script needs into a folder of its own and grant that: `--{flag} FOLDER`"
        )));
    }
    let text = real.into_os_string().into_string();
    text.map_err(|_other| Error::usage(format!("`--{flag}`: the path is not UTF-8")))
}

/// The folders of the projects that the script runs in.
pub(super) fn roots(here: &Path, ctx: &Context) -> BTreeSet<PathBuf> {
    let named = ctx.project().ok().map(|project| project.root().to_owned());
    let above = Project::root_above(here).map(Path::to_path_buf);
    let real = |root: PathBuf| root.canonicalize().unwrap_or(root);
    named.into_iter().chain(above).map(real).collect()
}

/// What a project keeps to itself: its records, and the files that its settings and secrets are in or may be put in.
fn own(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let settings = entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b".env"))
        .map(|entry| entry.path());
    let named = [root.join(".lexi"), root.join(".env")];
    let own: Vec<PathBuf> = settings.chain(named).collect();
    let real = own.iter().filter_map(|path| path.canonicalize().ok());
    real.chain(own.iter().cloned()).collect()
}

pub(super) fn in_flag(flag: &str, error: Error) -> Error {
    let hint = error
        .hint_text()
        .unwrap_or("see `lexi help run`")
        .to_owned();
    Error::usage(format!("`--{flag}`: {}", error.message())).hint(hint)
}

fn level(word: &str) -> Result<Level> {
    let known = Service::Database.levels();
    let found = known.iter().find(|level| level.to_string() == word);
    found.copied().ok_or_else(|| {
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        Error::usage(format!("`--allow-db {word}` is no level"))
            .hint(format!("levels are {}", names.join(", ")))
    })
}

/// How the project's database is reached, when it is granted.
pub(super) fn database(flags: &args::Untrusted, ctx: &Context) -> Result<Vec<(String, String)>> {
    let Some(level) = &flags.allow_db else {
        return Ok(Vec::new());
    };
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?;
    if settings.bool("DB_SSL")? {
        return Err(
            Error::usage("`--allow-db` does not work with a database behind TLS")
                .hint("run the script without it"),
        );
    }
    let target = target(&project, &settings)?;
    if target.host.starts_with('/') {
        let message = format!(
            "`--allow-db` does not work through a socket: `{}`",
            target.host
        );
        return Err(Error::usage(message).hint("set `DB_HOST=127.0.0.1`"));
    }
    stays_inside(&target, level)?;
    let value = |name: &str| Some((name.to_owned(), settings.get(name)?.to_owned()));
    let mut values: Vec<_> = DATABASE.into_iter().filter_map(value).collect();
    for (_, port) in values.iter_mut().filter(|(name, _)| name == "DB_PORT") {
        *port = target.port.to_string();
    }
    Ok(values)
}

/// The profile's database, on the port where it really is.
fn target(project: &Project, settings: &Settings) -> Result<Target> {
    let target = Target::from_settings(settings, None)?;
    let profile = settings.profile();
    let moved = native::moved_port(&project.state(), profile, "postgres", target.port);
    let port = moved.unwrap_or(target.port);
    Ok(Target { port, ..target })
}

/// Refuses a role whose statements reach farther than databases: the server is not held by what holds the script.
fn stays_inside(target: &Target, level: &str) -> Result<()> {
    let right = runtime::alone(async {
        let mut connection = connect(target).await?;
        right_on_machine(&mut connection).await
    })?;
    let Some(right) = right else {
        return Ok(());
    };
    let message = format!(
        "`--allow-db {level}`: role `{}` {right}, so a statement of the script could run programs on the server's machine",
        target.user
    );
    Err(Error::refused(message).hint(
        "let it log in as a role of its own: `CREATE ROLE guest LOGIN PASSWORD '..'`, \
         `GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest`, \
         then `DB_USERNAME=guest DB_PASSWORD=.. lexi run --untrusted ..`",
    ))
}
