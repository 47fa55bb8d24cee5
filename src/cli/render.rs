//! Draws errors for people: what happened, the source line, the calls that led there, what to do.

use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::base::output::{CYAN, RED};
use crate::base::{Error, Output, Project};
use crate::script::diagnostic::{Diagnostic, Place, Severity};
use crate::script::{Failure, library};

/// What clap has to say: help goes to stdout with 0, a mistake to stderr with 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done when the terminal is gone.
    let _closed = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// What is wrong with typed words, without the usage.
pub(super) fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("error: ").to_owned()
}

/// An error that no script is to blame for.
pub(super) fn error(output: &Output, error: &Error) {
    output.error(&plain(output, "", error));
}

/// Reports an error and gives the exit code that belongs to it.
pub(super) fn exit(output: &Output, error: &Error) -> ExitCode {
    self::error(output, error);
    ExitCode::from(error.exit_code())
}

fn plain(output: &Output, before: &str, error: &Error) -> String {
    let mut lines = vec![format!(
        "{}: {before}{}",
        output.err_paint(RED, "error"),
        error.message()
    )];
    lines.extend(
        error
            .causes()
            .iter()
            .map(|cause| format!("  because {cause}")),
    );
    if let Some(hint) = error.hint_text() {
        lines.push(format!("{}: {hint}", output.err_paint(CYAN, "hint")));
    }
    lines.join("\n")
}

/// A failed task.
pub(super) fn failure(output: &Output, project: &Project, failure: &Failure) -> String {
    let mut text = drawn(output, project, failure, "");
    let others = failure.error.fields().get("others");
    for other in others
        .and_then(|others| others.as_array())
        .into_iter()
        .flatten()
    {
        let other = other.as_str().unwrap_or_default();
        let mark = output.err_paint(RED, "failed too");
        text.push('\n');
        text.push_str(&mark);
        text.push_str(": ");
        text.push_str(other);
    }
    for cleanup in &failure.cleanup {
        text.push_str("\n\n");
        text.push_str(&drawn(output, project, cleanup, "cleanup failed too: "));
    }
    text
}

fn drawn(output: &Output, project: &Project, failure: &Failure, before: &str) -> String {
    let Some(place) = &failure.place else {
        return plain(output, before, &failure.error);
    };
    let message = format!("{before}{}", failure.error.full_message());
    let mut drawing = Drawing::new(project, "error", &message);
    drawing.point(place, AnnotationKind::Primary, "");
    for frame in &failure.frames {
        let label = format!("called here, in {}", frame.within);
        drawing.point(&frame.place, AnnotationKind::Context, &label);
    }
    drawing.hint(failure.error.hint_text());
    drawing.render(output)
}

/// A finding of `check`.
pub(super) fn diagnostic(output: &Output, project: &Project, found: &Diagnostic) -> String {
    let level = if found.severity == Severity::Warning {
        "warning"
    } else {
        "error"
    };
    let mut drawing = Drawing::new(project, level, &found.message);
    drawing.point(&found.place, AnnotationKind::Primary, "");
    for (place, what) in &found.related {
        drawing.point(place, AnnotationKind::Context, what);
    }
    drawing.hint(found.hint.as_deref());
    drawing.render(output)
}

/// A message with places in sources.
struct Drawing<'p> {
    project: &'p Project,
    level: &'p str,
    message: &'p str,
    points: Vec<Point>,
    hint: Option<String>,
}

struct Point {
    file: String,
    text: String,
    span: std::ops::Range<usize>,
    kind: AnnotationKind,
    label: String,
}

impl<'p> Drawing<'p> {
    fn new(project: &'p Project, level: &'p str, message: &'p str) -> Self {
        Self {
            project,
            level,
            message,
            points: Vec::new(),
            hint: None,
        }
    }

    fn point(&mut self, place: &Place, kind: AnnotationKind, label: &str) {
        let text = source(self.project, &place.file);
        let span = span(&text, place);
        let (file, label) = (place.file.clone(), label.to_owned());
        self.points.push(Point {
            file,
            text,
            span,
            kind,
            label,
        });
    }

    fn hint(&mut self, hint: Option<&str>) {
        self.hint = hint.map(str::to_owned);
    }

    fn render(&self, output: &Output) -> String {
        let level = if self.level == "warning" {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let mut group: Group<'_> = Group::with_title(level.primary_title(self.message));
        for point in &self.points {
            let mark = point.kind.span(point.span.clone());
            let mark = if point.label.is_empty() {
                mark
            } else {
                mark.label(&point.label)
            };
            let snippet = Snippet::source(&point.text)
                .path(&point.file)
                .fold(true)
                .annotation(mark);
            group = group.element(snippet);
        }
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.with_name("hint").message(hint));
        }
        let renderer = if output.has_color() {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }
}

/// The text of a script: held, on disk, or embedded.
fn source(project: &Project, file: &str) -> String {
    let on_disk = project.script(&project.path(file));
    let on_disk = on_disk.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    on_disk.unwrap_or_else(|_| {
        let key = file
            .strip_prefix("stdlib/")
            .map(|below| format!("std/{below}"));
        let found = key.and_then(|key| library::find(project, &key).ok());
        found.map(|source| source.text).unwrap_or_default()
    })
}

/// The line of a script that a place is in.
pub(super) fn source_line(project: &Project, place: &Place) -> String {
    let text = source(project, &place.file);
    let line = text.lines().nth(place.line.saturating_sub(1));
    line.unwrap_or_default().to_owned()
}

/// The bytes of the word at a place.
fn span(text: &str, place: &Place) -> std::ops::Range<usize> {
    let start_of_line: usize = text
        .split_inclusive('\n')
        .take(place.line - 1)
        .map(str::len)
        .sum();
    let line = text[start_of_line..].split('\n').next().unwrap_or_default();
    let column = line
        .char_indices()
        .nth(place.column - 1)
        .map_or(line.len(), |(at, _)| at);
    let is_word = |c: char| c.is_alphanumeric() || "_:".contains(c);
    // The place of `fs::read(..)` is that of `read`; people look for the whole name.
    let column = match line[..column].strip_suffix("::") {
        Some(before) => before.trim_end_matches(is_word).len(),
        None => column,
    };
    let rest = &line[column..];
    let word = match rest.chars().next() {
        Some('"') => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
        Some(c) if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(c) => c.len_utf8(),
        None => 0,
    };
    let start = start_of_line + column;
    start..(start + word).min(text.len())
}
