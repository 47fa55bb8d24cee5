//! The only place that prints: data to stdout, narration to stderr, whole lines, secrets masked.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::redact::Redactor;
use super::{Error, Kind};

/// Success.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// Failure.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// A warning.
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
/// A hint or a path.
pub const CYAN: Style = AnsiColor::Cyan.on_default();
/// A heading.
pub const BOLD: Style = Style::new().bold();
/// Something of less weight.
pub const DIM: Style = Style::new().dimmed();

/// How much narration is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Nothing at all but the data (`-qq`).
    Silent,
    /// Errors and data (`-q`).
    Quiet,
    /// Narration.
    #[default]
    Normal,
    /// What is done and why (`-v`).
    Verbose,
    /// Every call (`-vv`).
    Trace,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What decides how things are printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputOptions {
    /// How much narration.
    pub verbosity: Verbosity,
    /// Whether data is one JSON document.
    pub json: bool,
    /// Whether each line of narration is a JSON object.
    pub log_json: bool,
    /// When colour is used.
    pub color: ColorChoice,
    /// Whether the environment forbids colour (`NO_COLOR`, `TERM=dumb`).
    pub plain_environment: bool,
}

/// The terminal and the two streams; cheap to clone.
#[derive(Debug, Clone)]
pub struct Output {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: OutputOptions,
    color_out: bool,
    color_err: bool,
    redactor: Arc<Redactor>,
    bars: MultiProgress,
    line: Mutex<()>,
    /// Why data did not get to stdout.
    lost: OnceLock<String>,
    listener: OnceLock<Listener>,
}

/// Who is told everything that is written, masked and without colours.
struct Listener(Box<Told>);

type Told = dyn Fn(Stream, &str) + Send + Sync;

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

impl Output {
    /// Decides about colour and progress from the options and the streams.
    pub fn new(options: OutputOptions, redactor: Arc<Redactor>) -> Self {
        let color = |terminal: bool| match options.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !options.plain_environment,
        };
        let show_bars = std::io::stderr().is_terminal()
            && !options.log_json
            && options.verbosity >= Verbosity::Normal
            && !options.plain_environment;
        let target = if show_bars {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let inner = Inner {
            options,
            color_out: color(std::io::stdout().is_terminal()),
            color_err: !options.log_json && color(std::io::stderr().is_terminal()),
            redactor,
            bars: MultiProgress::with_draw_target(target),
            line: Mutex::new(()),
            lost: OnceLock::new(),
            listener: OnceLock::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The secrets that are masked in everything printed.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.inner.redactor
    }

    /// Tells everything that is written from here on, also what `-q` keeps from the terminal; only the first one is told.
    pub fn listen(&self, listener: impl Fn(Stream, &str) + Send + Sync + 'static) {
        let _first_stays = self.inner.listener.set(Listener(Box::new(listener)));
    }

    /// How much narration is wanted.
    pub fn verbosity(&self) -> Verbosity {
        self.inner.options.verbosity
    }

    /// Whether data is to be JSON.
    pub fn is_json(&self) -> bool {
        self.inner.options.json
    }

    /// Whether each line on stderr is to be a JSON object.
    pub fn is_log_json(&self) -> bool {
        self.inner.options.log_json
    }

    /// Whether errors are drawn in colour.
    pub fn has_color(&self) -> bool {
        self.inner.color_err
    }

    /// Whether a person can be asked: both the question and the answer are on a terminal.
    pub fn can_ask(&self) -> bool {
        std::io::stderr().is_terminal() && std::io::stdin().is_terminal()
    }

    /// A line of data for stdout.
    pub fn data(&self, line: &str) {
        self.write(Stream::Out, &format!("{line}\n"));
    }

    /// Clears the screen that data goes to, and says whether it is one.
    pub fn clear(&self) -> bool {
        let is_screen = std::io::stdout().is_terminal();
        if is_screen {
            self.write(Stream::Out, "\u{1b}[H\u{1b}[2J");
        }
        is_screen
    }

    /// A line of narration.
    pub fn say(&self, line: &str) {
        if self.verbosity() >= Verbosity::Normal {
            self.narrate("info", "", line);
        } else {
            self.unheard(line);
        }
    }

    /// A line of narration for those who asked for more with `-v`.
    pub fn detail(&self, line: &str) {
        if self.verbosity() >= Verbosity::Verbose {
            self.narrate("debug", "", &self.err_paint(DIM, line));
        }
    }

    /// Something a person should know but that does not stop the run.
    pub fn warn(&self, line: &str) {
        if self.verbosity() >= Verbosity::Quiet {
            let mark = format!("{}: ", self.err_paint(YELLOW, "warning"));
            self.narrate("warn", &mark, line);
        } else {
            self.unheard(&format!("warning: {line}"));
        }
    }

    /// An error as it was drawn.
    pub fn error(&self, block: &str) {
        if self.verbosity() >= Verbosity::Quiet {
            self.narrate("error", "", block.trim_end());
        } else {
            self.unheard(block.trim_end());
        }
    }

    /// What happened as one JSON object on stderr, with when it happened.
    pub fn event(&self, level: &str, mut fields: serde_json::Map<String, Value>) {
        fields.insert("level".into(), level.into());
        fields.insert("time".into(), jiff::Timestamp::now().to_string().into());
        self.write(Stream::Err, &format!("{}\n", Value::Object(fields)));
    }

    /// A line that the terminal does not get.
    fn unheard(&self, line: &str) {
        if self.inner.listener.get().is_some() {
            let masked = self.inner.redactor.mask(line);
            self.tell(Stream::Err, &format!("{masked}\n"));
        }
    }

    fn tell(&self, stream: Stream, masked: &str) {
        if let Some(Listener(listener)) = self.inner.listener.get() {
            let plain = anstream::adapter::strip_str(masked).to_string();
            if plain.len() == masked.len() {
                listener(stream, masked);
            } else {
                // What is left may read differently.
                listener(stream, &self.inner.redactor.mask(&plain));
            }
        }
    }

    fn narrate(&self, level: &str, mark: &str, text: &str) {
        if self.is_log_json() {
            let message = ("message".to_owned(), text.into());
            self.event(level, serde_json::Map::from_iter([message]));
        } else {
            self.write(Stream::Err, &format!("{mark}{text}\n"));
        }
    }

    /// A question, without a line end; the answer follows on the same line.
    pub fn ask(&self, question: &str) {
        self.write(Stream::Err, question);
    }

    /// A piece of narration that was already made into lines, such as a trace event.
    pub fn raw_err(&self, text: &str) {
        self.write(Stream::Err, text);
    }

    /// Styles text for stdout, if it is coloured.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.inner.color_out {
            styled(style, text)
        } else {
            text.to_owned()
        }
    }

    /// Styles text for stderr, if it is coloured.
    pub fn err_paint(&self, style: Style, text: &str) -> String {
        if self.inner.color_err {
            styled(style, text)
        } else {
            text.to_owned()
        }
    }

    /// Shows progress on a terminal, or one line at the start and one at the end elsewhere.
    pub fn progress(&self, label: &str, total: Option<u64>, unit: ProgressUnit) -> Progress {
        // A bar draws on a line of its own until the others know of it.
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let bar = self.inner.bars.add(bar);
        let shown = !self.inner.bars.is_hidden();
        if shown {
            bar.set_style(unit.style(total.is_some()));
            bar.set_message(label.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            self.say(&format!("{label} ..."));
        }
        Progress {
            bar,
            output: self.clone(),
            shown,
        }
    }

    /// The error that kept data from stdout, if one did: whoever ends the program must not call that a success.
    pub fn lost(&self) -> Option<Error> {
        self.note_lost(std::io::stdout().flush());
        let why = self.inner.lost.get()?;
        let message = format!("not everything got to standard output: {why}");
        Some(Error::new(Kind::Io, message))
    }

    fn note_lost(&self, written: std::io::Result<()>) {
        match written {
            // A closed pipe (`lexi list | head`) is the reader's choice, not an error of ours.
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                let _first_stays = self.inner.lost.set(e.to_string());
            }
            _ => {}
        }
    }

    fn write(&self, stream: Stream, text: &str) {
        let masked = self.inner.redactor.mask(text);
        self.tell(stream, &masked);
        let _whole_line = self
            .inner
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.inner.bars.suspend(|| {
            // When stderr cannot be written there is nobody left to tell.
            match stream {
                Stream::Out => self.note_lost(std::io::stdout().write_all(masked.as_bytes())),
                Stream::Err => drop(std::io::stderr().write_all(masked.as_bytes())),
            }
        });
    }
}

/// One of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Data.
    Out,
    /// Narration.
    Err,
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What a progress counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressUnit {
    /// Bytes, shown with a rate.
    Bytes,
    /// Things.
    Items,
}

impl ProgressUnit {
    fn style(self, has_total: bool) -> ProgressStyle {
        let template = match (self, has_total) {
            (Self::Bytes, true) if is_narrow() => {
                "{spinner} {msg} {percent} % {bytes_per_sec} eta {eta}"
            }
            (Self::Bytes, true) => {
                "{spinner} {msg} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}"
            }
            (Self::Bytes, false) => "{spinner} {msg} {bytes} {bytes_per_sec} {elapsed}",
            (Self::Items, true) => "{spinner} {msg} {bar:24} {pos}/{len} eta {eta}",
            (Self::Items, false) => "{spinner} {msg} {elapsed}",
        };
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
    }
}

/// Whether the terminal is too narrow for a bar and sizes in one line: a line that is broken in two is not drawn well.
fn is_narrow() -> bool {
    const WIDE: u16 = 90;
    rustix::termios::tcgetwinsize(rustix::stdio::stderr()).is_ok_and(|size| size.ws_col < WIDE)
}

/// Progress of one piece of work; gone from the screen when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    output: Output,
    shown: bool,
}

impl Progress {
    /// Moves on by `n`.
    pub fn add(&self, n: u64) {
        self.bar.inc(n);
    }

    /// Says where the work is.
    pub fn set(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// Says how much there is in all, as far as it is known now.
    pub fn total(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// Says what is being done now.
    pub fn label(&self, label: &str) {
        self.bar.set_message(label.to_owned());
    }

    /// Goes on with the next step of the same work.
    pub fn begin(&self, label: &str, total: Option<u64>) {
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(0);
        self.bar.reset_elapsed();
        self.bar
            .set_style(ProgressUnit::Bytes.style(total.is_some()));
        self.bar.set_message(label.to_owned());
    }

    /// Removes the progress and leaves one line.
    pub fn finish(self, line: &str) {
        self.bar.finish_and_clear();
        self.output.say(line);
    }

    /// Whether it is drawn on a terminal.
    pub fn is_shown(&self) -> bool {
        self.shown
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
