//! `lexi cron install` and `uninstall`: lets the system keep a daemon running, or no longer.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use super::super::args::{Coordinate, System};
use super::super::context::Context;
use crate::base::{Error, Project, Result};
use crate::ops::schedule::Service;
use crate::ops::{files, process, who};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Write our lines or our unit.
    Install(Coordinate),
    /// Take them out.
    Uninstall,
}

/// Where the system was told to keep a daemon of this project and profile running, each with whether it is still as `install`
/// would write it now.
pub(in super::super) fn installed(
    project: &Project,
    profile: &str,
    ctx: &Context,
) -> Result<Vec<(String, bool)>> {
    let program = current_program()?;
    let name = project.name();
    let shared = ["--coordinator".to_owned(), "pg".to_owned()];
    let services: Vec<Service<'_>> = [&[][..], &shared]
        .into_iter()
        .map(|options| Service {
            program: &program,
            root: project.root(),
            name: &name,
            profile,
            options,
        })
        .collect();
    let mut found = Vec::new();
    let Some(any) = services.first() else {
        return Ok(found);
    };
    // Without a program `crontab` there are no lines either.
    let table = read_crontab().unwrap_or_default();
    if any.out_of_crontab(&table).is_some() {
        let is_current = services.iter().any(|one| one.is_in_crontab(&table));
        found.push((format!("crontab of {}", who::user()), is_current));
    }
    for own in [false, true] {
        let Ok(folder) = units(own, ctx) else {
            continue;
        };
        let path = folder.join(any.unit_name());
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if any.owns_unit(&text) {
            let user = (!own).then(|| owner(project.root()));
            let is_current = services.iter().any(|one| one.unit(user.as_deref()) == text);
            found.push((path.display().to_string(), is_current));
        }
    }
    Ok(found)
}

fn current_program() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|e| Error::io("cannot find the program that the system is to start", e))
}

/// Changes the crontab of this user, or a unit of systemd.
pub(super) fn run(change: Change, system: &System, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?;
    let program = current_program()?;
    let options: Vec<String> = match change {
        Change::Install(Coordinate::Pg) => vec!["--coordinator".to_owned(), "pg".to_owned()],
        _ => Vec::new(),
    };
    let (name, profile) = (project.name(), settings.profile().to_string());
    let service = Service {
        program: &program,
        root: project.root(),
        name: &name,
        profile: &profile,
        options: &options,
    };
    if system.crontab {
        crontab(change, &service, ctx)
    } else {
        unit(change, &service, system.user, ctx)
    }
}

fn crontab(change: Change, service: &Service<'_>, ctx: &Context) -> Result<ExitCode> {
    let before = read_crontab()?;
    let after = match change {
        Change::Install(_) => Some(service.into_crontab(&before)),
        Change::Uninstall => service.out_of_crontab(&before),
    };
    let out = ctx.output();
    match after {
        Some(after) if after == before => out.say("the crontab has these lines already"),
        None => out.say("the crontab has no lines of this project and profile"),
        Some(after) if ctx.flags().dry_run => out.data(after.trim_end()),
        Some(after) => {
            write_crontab(&after)?;
            out.say(&format!("wrote the crontab of {}", who::user()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn no_crontab(e: std::io::Error) -> Error {
    Error::unavailable("the program `crontab` cannot be started")
        .because(e)
        .hint("install it (`apt-get install cron`), or use `--systemd`")
}

fn read_crontab() -> Result<String> {
    let listed = process::command("crontab")
        .arg("-l")
        .env("LC_ALL", "C")
        .output();
    let listed = listed.map_err(no_crontab)?;
    let told = String::from_utf8_lossy(&listed.stderr);
    if listed.status.success() {
        return String::from_utf8(listed.stdout)
            .map_err(|e| Error::invalid("the crontab is not UTF-8 and is left alone").because(e));
    }
    if told.contains("no crontab for") {
        return Ok(String::new());
    }
    Err(Error::refused(format!("`crontab -l`: {}", told.trim())))
}

fn write_crontab(text: &str) -> Result<()> {
    let mut child = process::command("crontab")
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(no_crontab)?;
    let io = |e| Error::io("cannot write the crontab", e);
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(io)?;
    }
    let done = child.wait_with_output().map_err(io)?;
    if done.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&done.stderr);
    Err(Error::refused(format!(
        "`crontab` did not take the lines: {}",
        told.trim()
    )))
}

fn unit(change: Change, service: &Service<'_>, own: bool, ctx: &Context) -> Result<ExitCode> {
    let path = units(own, ctx)?.join(service.unit_name());
    let shown = path.display();
    let out = ctx.output();
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(Error::io(format!("cannot read `{shown}`"), e)),
    };
    if before.as_ref().is_some_and(|text| !service.owns_unit(text)) {
        let message = format!("`{shown}` is not of this project and profile, and is left alone");
        return Err(Error::refused(message).hint("give the project another `name` in lexi.toml"));
    }
    match change {
        Change::Install(_) => {
            let user = (!own).then(|| owner(service.root));
            let text = service.unit(user.as_deref());
            if ctx.flags().dry_run {
                out.data(&format!("# {shown}\n{}", text.trim_end()));
                return Ok(ExitCode::SUCCESS);
            }
            if before.as_ref() == Some(&text) {
                out.say(&format!("{shown} is as it should be"));
            } else {
                if let Some(folder) = path.parent() {
                    files::make_dir(folder)?;
                }
                files::write(&path, text.as_bytes(), Some(0o644))?;
                out.say(&format!("wrote {shown}"));
            }
            systemctl(&["enable", "--now", &service.unit_name()], own, ctx);
        }
        Change::Uninstall => match before {
            None => out.say(&format!("there is no {shown}")),
            Some(_) if ctx.flags().dry_run => out.data(&format!("would remove {shown}")),
            Some(_) => {
                systemctl(&["disable", "--now", &service.unit_name()], own, ctx);
                std::fs::remove_file(&path)
                    .map_err(|e| Error::io(format!("cannot remove `{shown}`"), e))?;
                out.say(&format!("removed {shown}"));
                systemctl(&["daemon-reload"], own, ctx);
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of units: the system's, or this user's own.
fn units(own: bool, ctx: &Context) -> Result<PathBuf> {
    if !own {
        return Ok(PathBuf::from("/etc/systemd/system"));
    }
    // The XDG specification: what is empty counts as unset, and what is relative is left aside.
    let home = ctx.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = home.filter(|home| home.is_absolute());
    let home = home.or_else(|| Some(Path::new(ctx.variable("HOME")?).join(".config")));
    let home = home.ok_or_else(|| Error::usage("neither XDG_CONFIG_HOME nor HOME is set"))?;
    Ok(home.join("systemd/user"))
}

/// Who the project belongs to: a daemon of the system runs as that one.
fn owner(root: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata(root).map_or(0, |about| about.uid());
    who::name_of(uid)
}

/// Asks systemd; where it does not run, what is left to do is told.
fn systemctl(words: &[&str], own: bool, ctx: &Context) {
    let scope: &[&str] = if own { &["--user"] } else { &[] };
    let call = |words: &[&str]| {
        let done = process::command("systemctl")
            .args(scope)
            .args(words)
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !(call(&["daemon-reload"]) && call(words)) {
        let words = [scope, words].concat().join(" ");
        ctx.output().warn(&format!(
            "systemd does not answer here: run `systemctl {words}` where it does"
        ));
    }
}
