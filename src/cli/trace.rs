//! What happens, as it happens: `-v` and `-vv` for people, `--log json` for programs. Without them nothing is installed.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, filter};

use crate::base::Output;
use crate::base::output::Verbosity;

/// Installs the subscriber that the command line asks for, if any.
pub(super) fn install(output: &Output, json: bool) {
    let level = match output.verbosity() {
        Verbosity::Trace => LevelFilter::from_level(Level::DEBUG),
        Verbosity::Verbose => LevelFilter::from_level(Level::INFO),
        _ if json => LevelFilter::from_level(Level::DEBUG),
        _ => return,
    };
    let own = filter::Targets::new().with_target("lexi", level);
    let writer = Lines(output.clone());
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_span_events(FmtSpan::CLOSE);
    let layer = if json {
        layer.json().with_span_list(false).boxed()
    } else {
        layer
            .with_target(false)
            .without_time()
            .with_ansi(output.has_color())
            .compact()
            .boxed()
    };
    // A second run in the same process (tests) keeps the first subscriber.
    let _kept = tracing_subscriber::registry()
        .with(layer.with_filter(own))
        .try_init();
}

/// Writes each event through the output, which masks secrets and keeps lines whole.
#[derive(Clone)]
struct Lines(Output);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            output: self.0.clone(),
            text: Vec::new(),
        }
    }
}

struct Line {
    output: Output,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.output.raw_err(&String::from_utf8_lossy(&self.text));
    }
}
