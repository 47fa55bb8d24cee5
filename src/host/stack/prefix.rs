//! The name before each line of a log: on a terminal aligned and in a colour of its own, elsewhere plain, for programs.

use anstyle::{AnsiColor, Style};

use crate::base::Output;

/// Red is left out: it means an error.
const COLORS: [AnsiColor; 8] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightMagenta,
];

/// The services whose lines are shown, in the order of their colours.
pub(super) struct Prefixes<'a> {
    output: &'a Output,
    names: Vec<String>,
    width: usize,
}

impl<'a> Prefixes<'a> {
    /// For these services; others may come later.
    pub(super) fn new(output: &'a Output, names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        let width = names.iter().map(|name| name.chars().count()).max();
        Self {
            output,
            names,
            width: width.unwrap_or_default(),
        }
    }

    /// A line with its service's name before it.
    pub(super) fn line(&mut self, service: &str, text: &str) -> String {
        let known = self.names.iter().position(|name| name == service);
        let number = known.unwrap_or_else(|| {
            self.names.push(service.to_owned());
            self.names.len() - 1
        });
        let style = Style::new().fg_color(Some(COLORS[number % COLORS.len()].into()));
        let width = self.width;
        let painted = self.output.paint(style, &format!("{service:<width$} |"));
        if painted.starts_with(service) {
            return format!("{service} | {text}");
        }
        format!("{painted} {text}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::output::{ColorChoice, OutputOptions};
    use crate::base::redact::Redactor;

    fn output(color: ColorChoice) -> Output {
        let options = OutputOptions {
            color,
            ..OutputOptions::default()
        };
        Output::new(options, Arc::new(Redactor::default()))
    }

    #[test]
    fn names_are_aligned_and_coloured_where_colours_are() {
        let (plain, coloured) = (output(ColorChoice::Never), output(ColorChoice::Always));
        let names = || ["app", "postgres"].map(str::to_owned);

        assert_eq!(Prefixes::new(&plain, names()).line("app", "x"), "app | x");
        let mut prefixes = Prefixes::new(&coloured, names());
        let app = prefixes.line("app", "x");
        assert!(app.contains("app      |") && app.ends_with(" x"), "{app:?}");
        assert_ne!(
            app.split("app").next(),
            prefixes.line("new", "x").split("new").next()
        );
    }
}
