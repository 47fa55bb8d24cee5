//! Hears what the server says beside its answers: warnings of `RAISE WARNING` and the like.
//!
//! The client library hands them to nobody but `tracing`, so they are picked up there, for as long as one future runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

const TARGET: &str = "sqlx::postgres::notice";

/// Runs a future and gives its result with the warnings that the server sent meanwhile.
pub async fn hearing<T>(future: impl Future<Output = T>) -> (T, Vec<String>) {
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let ear = Ear {
        heard: Arc::clone(&heard),
        outer: tracing::dispatcher::get_default(Dispatch::clone),
    };
    let result = future.with_subscriber(Dispatch::new(ear)).await;
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    (result, std::mem::take(&mut *heard))
}

/// Keeps warnings of the server, and passes everything on to whoever listened before.
struct Ear {
    heard: Arc<Mutex<Vec<String>>>,
    outer: Dispatch,
}

fn is_warning(metadata: &Metadata<'_>) -> bool {
    metadata.target() == TARGET && *metadata.level() <= Level::WARN
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_warning(metadata) || self.outer.enabled(metadata)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.outer.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.outer.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.outer.record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        if is_warning(event.metadata()) {
            let mut message = Message(String::new());
            event.record(&mut message);
            self.heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(message.0);
        }
        if self.outer.enabled(event.metadata()) {
            self.outer.event(event);
        }
    }

    fn enter(&self, span: &Id) {
        self.outer.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.outer.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.outer.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.outer.try_close(span)
    }
}

struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
