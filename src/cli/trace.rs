//! What happens, as it happens: `-v` and `-vv` for people, `--log json` for programs. Without them nothing is installed.

use std::fmt;
use std::time::Instant;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::base::Output;
use crate::base::output::{DIM, Verbosity};
use crate::base::units::duration;

/// Installs the subscriber that the command line asks for, if any.
pub(super) fn install(output: &Output) {
    let level = match output.verbosity() {
        Verbosity::Trace => Level::DEBUG,
        _ if output.is_log_json() => Level::DEBUG,
        Verbosity::Verbose => Level::INFO,
        _ => return,
    };
    let own = Targets::new().with_target("lexi", LevelFilter::from_level(level));
    let lines = Lines(output.clone()).with_filter(own);
    // A second run in the same process (tests) keeps the first subscriber.
    let _kept = tracing_subscriber::registry().with(lines).try_init();
}

/// Writes a line for each event and for each span that ends.
struct Lines(Output);

/// What is known of a span.
struct Known {
    fields: Fields,
    since: Instant,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = ctx.span(id) {
            let since = Instant::now();
            span.extensions_mut().insert(Known { fields, since });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(known) = span.extensions_mut().get_mut::<Known>()
        {
            values.record(&mut known.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, _ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.write(*event.metadata().level(), fields);
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        let Some(Known { mut fields, since }) = span.extensions_mut().remove::<Known>() else {
            return;
        };
        let took = since.elapsed();
        fields.0.insert("span".into(), span.name().into());
        if self.0.is_log_json() {
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            fields.0.insert("duration_ms".into(), ms.into());
        } else {
            fields.0.insert("duration".into(), duration(took).into());
        }
        self.write(*span.metadata().level(), fields);
    }
}

impl Lines {
    fn write(&self, level: Level, Fields(fields): Fields) {
        if self.0.is_log_json() {
            self.0.event(&level.to_string().to_lowercase(), fields);
        } else {
            let line = self.0.err_paint(DIM, &sentence(fields));
            self.0.raw_err(&format!("{line}\n"));
        }
    }
}

/// `task backup (tasks/backup.rhai:3:6) 340ms outcome=ok`, `retrying attempt=1`.
fn sentence(mut fields: Map<String, Value>) -> String {
    let mut words: Vec<String> = ["message", "span", "name"]
        .iter()
        .filter_map(|key| fields.remove(*key))
        .map(plain)
        .collect();
    if let Some(place) = fields.remove("place") {
        words.push(format!("({})", plain(place)));
    }
    words.extend(fields.remove("duration").map(plain));
    let rest = fields.into_iter();
    words.extend(rest.map(|(name, value)| format!("{name}={}", plain(value))));
    words.join(" ")
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The fields of a span or an event by name.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }
}
