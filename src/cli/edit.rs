//! `lexi edit TASK`: opens a task's file where the task is declared, and checks it when the editor has ended.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::context::Context;
use super::{args, check};
use crate::base::text::shell_word;
use crate::base::{Cancel, Error, Result};
use crate::ops::process::{Program, Registry};
use crate::runtime::Runtime;
use crate::script::Catalog;
use crate::script::diagnostic::Severity;

/// Editors that take `+LINE` before the file.
const PLUS_LINE: [&str; 12] = [
    "vi",
    "vim",
    "nvim",
    "view",
    "nano",
    "emacs",
    "emacsclient",
    "kak",
    "micro",
    "joe",
    "ne",
    "mg",
];

/// Editors that take `FILE:LINE`, and have to be told to wait until the file is closed.
const COLON_LINE: [&str; 4] = ["subl", "zed", "hx", "helix"];

/// Editors that take `--goto FILE:LINE`, and have to be told to wait too.
const GOTO: [&str; 4] = ["code", "code-insiders", "codium", "cursor"];

/// Opens the file, waits, and shows what is wrong with it then.
pub(super) fn run(args: &args::Edit, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let catalog = Catalog::load(Arc::clone(&project))?;
    let (file, line) = match catalog.find(&args.task) {
        Ok(task) => (task.place.file.clone(), task.place.line),
        // A file that cannot be read is the one that most wants to be edited.
        Err(error) => match catalog.unreadable(&args.task).into_iter().next() {
            Some(found) => (found.place.file, found.place.line),
            None => return Err(error),
        },
    };
    let path = project.path(&file);
    let editor = editor(ctx).ok_or_else(|| {
        Error::usage("no editor is set").hint(format!(
            "set VISUAL or EDITOR, or open {}:{line}",
            path.display()
        ))
    })?;
    open(&editor, &path, line, ctx)?;
    let catalog = Catalog::load(project)?;
    let mut found = crate::script::check::project(&catalog);
    found.retain(|found| found.place.file == file);
    check::show(&found, &catalog, ctx);
    let failed = found.iter().any(|found| found.severity == Severity::Error);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn editor(ctx: &Context) -> Option<String> {
    let set = |name: &&str| ctx.environment().get(name).map(str::trim);
    let mut set = ["VISUAL", "EDITOR"].iter().filter_map(set);
    set.find(|editor| !editor.is_empty()).map(str::to_owned)
}

/// Starts the editor with our terminal and waits for its end.
fn open(editor: &str, path: &Path, line: usize, ctx: &Context) -> Result<()> {
    // The variables hold shell words, such as `code --wait` or a path in quotes: a shell reads them, as git has it.
    let script = format!(
        "exec {editor} {}",
        words(editor, &path.display().to_string(), line)
    );
    let program = Program::new("sh").arg("-c").arg(script);
    let registry = Arc::new(Registry::new(ctx.environment()));
    let (runtime, cancel) = (Runtime::default(), Cancel::root());
    let exit = runtime.wait(&cancel, program.foreground(&registry, &cancel))?;
    match exit.shell_code() {
        0 => Ok(()),
        127 => Err(
            Error::unavailable(format!("there is no program `{editor}`"))
                .hint("set VISUAL or EDITOR to an editor that is installed"),
        ),
        code => Err(Error::new(
            crate::base::Kind::ProcessFailed,
            format!("the editor `{editor}` ended with code {code}"),
        )),
    }
}

/// The words that lead an editor to a line, as far as it is known how.
fn words(editor: &str, file: &str, line: usize) -> String {
    let program = editor.split_whitespace().next().unwrap_or(editor);
    let program = program.rsplit('/').next().unwrap_or(program);
    let waits = ["--wait", "-w"]
        .iter()
        .any(|flag| editor.split_whitespace().any(|word| word == *flag));
    let wait = if waits || ["hx", "helix"].contains(&program) {
        ""
    } else {
        "--wait "
    };
    let place = shell_word(&format!("{file}:{line}"));
    match program {
        name if PLUS_LINE.contains(&name) => format!("+{line} {}", shell_word(file)),
        name if GOTO.contains(&name) => format!("{wait}--goto {place}"),
        name if COLON_LINE.contains(&name) => format!("{wait}{place}"),
        _ => shell_word(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_led_to_the_line_in_its_own_way() {
        let cases = [
            ("vi", "+7 '/a b/c'"),
            ("/usr/bin/nvim -u NONE", "+7 '/a b/c'"),
            ("code", "--wait --goto '/a b/c:7'"),
            ("code --wait", "--goto '/a b/c:7'"),
            ("subl -w", "'/a b/c:7'"),
            ("hx", "'/a b/c:7'"),
            ("ed", "'/a b/c'"),
        ];
        for (editor, expected) in cases {
            assert_eq!(words(editor, "/a b/c", 7), expected, "{editor}");
        }
    }
}
