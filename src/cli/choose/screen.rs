//! The lines of the terminal that a choice is drawn on; they are gone when it is made.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use console::{Key, Term, truncate_str};
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::picker::Picker;
use crate::base::Output;
use crate::base::output::{BOLD, CYAN, DIM};

/// How much of the terminal what explains the chosen one may take at most.
const BELOW: usize = 12;

/// The smallest terminal that is drawn on.
const LEAST: (u16, u16) = (5, 20);

/// The signals that end us while somebody chooses; Ctrl-C is a key then.
const ENDS_US: [i32; 2] = [SIGTERM, SIGHUP];

/// A terminal that gives its keys as they are pressed; it is as it was when this is dropped.
pub(super) struct Screen<'o> {
    term: Term,
    output: &'o Output,
    drawn: usize,
    settings: Termios,
    signals: Handle,
    is_ending: Arc<AtomicBool>,
}

impl<'o> Screen<'o> {
    /// Whether the terminal can be drawn on.
    pub(super) fn is_possible() -> bool {
        let term = Term::stderr();
        let is_large = |(rows, columns)| rows >= LEAST.0 && columns >= LEAST.1;
        !console::is_dumb() && term.size_checked().is_some_and(is_large)
    }

    /// Takes the terminal's keys.
    pub(super) fn open(output: &'o Output) -> io::Result<Self> {
        let settings = tcgetattr(stdin())?;
        let is_ending = Arc::new(AtomicBool::new(false));
        for signal in ENDS_US {
            signal_hook::flag::register(signal, Arc::clone(&is_ending))?;
        }
        let signals = give_back_when_ended(&settings)?;
        let screen = Self {
            term: Term::stderr(),
            output,
            drawn: 0,
            settings,
            signals,
            is_ending,
        };
        let mut raw = screen.settings.clone();
        raw.make_raw();
        raw.output_modes |= OutputModes::OPOST;
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(screen)
    }

    /// Waits for a key.
    pub(super) fn key(&self) -> io::Result<Key> {
        match self.term.read_key_raw() {
            // A signal interrupts the reading like Ctrl-C does; its own thread is about to end us.
            Ok(Key::CtrlC) if self.is_ending.load(Ordering::SeqCst) => loop {
                std::thread::park();
            },
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(Key::Escape),
            key => key,
        }
    }

    /// Draws the list, and below it what explains the chosen one.
    pub(super) fn draw(&mut self, picker: &Picker, keys: &str, below: &str) -> io::Result<()> {
        let (rows, columns) = self.term.size();
        let size = (usize::from(rows), usize::from(columns));
        let lines = self.lines(picker, keys, below, size);
        self.clear()?;
        self.drawn = lines.len().saturating_sub(1);
        self.term.write_str(&lines.join("\n"))?;
        // The cursor stands where letters go.
        self.term.move_cursor_up(self.drawn)?;
        self.term.write_str("\r")?;
        self.term
            .move_cursor_right(2 + console::measure_text_width(picker.typed()))
    }

    fn lines(
        &self,
        picker: &Picker,
        keys: &str,
        below: &str,
        (rows, columns): (usize, usize),
    ) -> Vec<String> {
        let paint = |style, text: &str| self.output.err_paint(style, text);
        let fit = |line: String| truncate_str(&line, columns.saturating_sub(1), "…").into_owned();
        // One line for what is typed, one for the keys, one between the list and what explains.
        let room = rows.saturating_sub(3);
        let below: Vec<&str> = below.lines().take(BELOW.min(room / 2)).collect();
        let listed = room - below.len();
        let count = format!("{}/{}", picker.found(), picker.len());
        let mut lines = vec![format!(
            "{} {}  {}",
            paint(CYAN, ">"),
            picker.typed(),
            paint(DIM, &count)
        )];
        let width = picker.width();
        for (entry, is_chosen) in picker.window(listed) {
            let name = console::pad_str(&entry.name, width, console::Alignment::Left, None);
            lines.push(if is_chosen {
                format!(
                    "{} {}  {}",
                    paint(CYAN, "❯"),
                    paint(BOLD, &name),
                    entry.about
                )
            } else {
                format!("  {}  {}", paint(CYAN, &name), entry.about)
            });
        }
        if !below.is_empty() {
            lines.push(paint(DIM, &"─".repeat(columns.min(72).saturating_sub(1))));
            lines.extend(below.into_iter().map(str::to_owned));
        }
        lines.push(paint(DIM, keys));
        lines.into_iter().map(fit).collect()
    }

    fn clear(&self) -> io::Result<()> {
        self.term.write_str("\r")?;
        self.term.clear_to_end_of_screen()
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // A terminal that was closed has nothing to be cleared.
        let _closed = self.clear();
        let _closed = tcsetattr(stdin(), OptionalActions::Now, &self.settings);
        self.signals.close();
    }
}

/// A signal that ends us first gives the terminal back.
fn give_back_when_ended(settings: &Termios) -> io::Result<Handle> {
    let mut signals = Signals::new(ENDS_US)?;
    let handle = signals.handle();
    let settings = settings.clone();
    let thread = std::thread::Builder::new().name("terminal".into());
    thread.spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _closed = tcsetattr(stdin(), OptionalActions::Now, &settings);
            let _ends_us = signal_hook::low_level::emulate_default_handler(signal);
        }
    })?;
    Ok(handle)
}
