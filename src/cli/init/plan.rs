//! What a project gets: found out whole before the first file is written.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::cli::templates;
use crate::ops::files;

/// A file that a project has.
#[derive(Debug)]
pub(super) struct Step {
    /// Its path in the project.
    pub(super) path: String,
    pub(super) what: What,
}

/// What becomes of a file.
#[derive(Debug)]
pub(super) enum What {
    /// It is not there, and gets this text.
    Make(String),
    /// It is there and stays as it is.
    Keep,
    /// It is there and gets these lines at its end.
    Add(Vec<String>),
}

/// What a project gets.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) steps: Vec<Step>,
    /// Whether the folder has a configuration that is not the one it would get.
    pub(super) is_configured_otherwise: bool,
}

const IGNORED: &str = ".gitignore";
const EXAMPLE: &str = "tasks/hello.rhai";

impl Plan {
    /// Looks at a folder; nothing is changed.
    pub(super) fn of(folder: &Path, with_lexiflow: bool) -> Result<Self> {
        let name = folder.file_name().map(|name| name.to_string_lossy());
        let mut wanted = if with_lexiflow {
            templates::lexiflow()
        } else {
            templates::project(name.as_deref().unwrap_or("project"))
        };
        // Where there are tasks nobody needs an example.
        if has_scripts(&folder.join("tasks")) && !folder.join(EXAMPLE).exists() {
            wanted.retain(|(path, _)| path != EXAMPLE);
        }
        wanted.extend(templates::editor());
        let config = std::fs::read_to_string(folder.join("lexi.toml")).ok();
        let is_other = |(path, text): &(String, String)| {
            path == "lexi.toml" && config.as_ref().is_some_and(|config| config != text)
        };
        let is_configured_otherwise = wanted.iter().any(is_other);
        let mut steps = vec![ignored(folder, with_lexiflow)?];
        for (path, text) in wanted {
            let is_there = folder.join(&path).symlink_metadata().is_ok();
            let what = if is_there {
                What::Keep
            } else {
                What::Make(text)
            };
            fits(folder, &path)?;
            steps.push(Step { path, what });
        }
        Ok(Self {
            folder: folder.to_owned(),
            steps,
            is_configured_otherwise,
        })
    }

    /// Whether everything is there already.
    pub(super) fn is_done(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.all(|step| matches!(step.what, What::Keep))
    }

    /// Writes what is missing. What was written before an error stays: another call goes on from there.
    pub(super) fn carry_out(&self) -> Result<()> {
        for step in &self.steps {
            let path = self.folder.join(&step.path);
            match &step.what {
                What::Keep => {}
                What::Make(text) => make(&path, text)?,
                What::Add(lines) => {
                    let text =
                        std::fs::read_to_string(&path).map_err(|e| cannot("read", &path, e))?;
                    files::write(&path, extended(&text, lines).as_bytes(), None)?;
                }
            }
        }
        Ok(())
    }
}

fn cannot(verb: &str, path: &Path, e: std::io::Error) -> Error {
    Error::io(format!("cannot {verb} `{}`", path.display()), e)
}

/// What has to be a folder must not be something else.
fn fits(folder: &Path, path: &str) -> Result<()> {
    let above = Path::new(path).ancestors().skip(1);
    let mut above = above.map(|part| folder.join(part));
    match above.find(|path| path.symlink_metadata().is_ok() && !path.is_dir()) {
        Some(found) => {
            let message = format!("`{}` is no folder; nothing was done", found.display());
            Err(Error::usage(message).hint("move it away"))
        }
        None => Ok(()),
    }
}

/// Writes a file that was not there; one that has appeared meanwhile stays.
fn make(path: &Path, text: &str) -> Result<()> {
    let io = |e| cannot("write", path, e);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(e) => return Err(io(e)),
    };
    file.write_all(text.as_bytes()).map_err(|e| {
        // Half a file would be taken for one that somebody wrote.
        let _left_behind = std::fs::remove_file(path);
        io(e)
    })
}

/// What `.gitignore` lacks.
fn ignored(folder: &Path, with_lexiflow: bool) -> Result<Step> {
    let (wanted, path) = (templates::ignored(with_lexiflow), folder.join(IGNORED));
    let what = match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => What::Make(wanted.join("\n") + "\n"),
        Err(e) => return Err(cannot("read", &path, e)),
        Ok(text) => match missing(&text, &wanted) {
            lines if lines.is_empty() => What::Keep,
            lines => What::Add(lines),
        },
    };
    let path = IGNORED.to_owned();
    Ok(Step { path, what })
}

/// The patterns that a text has none of, in whichever way they are written.
fn missing(text: &str, wanted: &[&str]) -> Vec<String> {
    let bare = |line: &str| line.trim().trim_matches('/').to_owned();
    let known: Vec<String> = text.lines().map(bare).collect();
    let mut lines: Vec<String> = Vec::new();
    for line in wanted {
        // What is taken out again counts only behind what it is taken out of.
        let follows = line.starts_with('!') && lines.iter().any(|added| added == ".env.*");
        if follows || !known.contains(&bare(line)) {
            lines.push((*line).to_owned());
        }
    }
    lines
}

/// A text with lines at its end, whether or not its last line is ended.
fn extended(text: &str, lines: &[String]) -> String {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}{}\n", lines.join("\n"))
}

/// Whether there is a script below a folder.
fn has_scripts(folder: &Path) -> bool {
    let entries = walkdir::WalkDir::new(folder).into_iter();
    let mut files = entries.filter_map(std::result::Result::ok);
    files.any(|entry| entry.path().extension().is_some_and(|end| end == "rhai"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gitignore_gets_only_what_it_lacks() {
        let wanted = ["/.lexi", "/backups", ".env", ".env.*", "!.env.example"];

        assert_eq!(missing("", &wanted), wanted);
        assert!(
            missing(
                "target\n/.lexi/\nbackups\n.env\n.env.*\n!.env.example",
                &wanted
            )
            .is_empty()
        );
        // The exception would be undone by what comes behind it.
        let half = missing("/.lexi\n/backups\n.env\n!.env.example\n", &wanted);
        assert_eq!(half, [".env.*", "!.env.example"]);
    }

    #[test]
    fn lines_are_added_behind_a_last_line_without_an_end() {
        let lines = ["b".to_owned()];

        assert_eq!(extended("a", &lines), "a\nb\n");
        assert_eq!(extended("a\n", &lines), "a\nb\n");
        assert_eq!(extended("", &lines), "b\n");
    }
}
