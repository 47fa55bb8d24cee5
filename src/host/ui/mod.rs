//! The `ui` namespace: questions, tables, progress and data for whoever runs the task.

pub mod ask;
mod table;

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic, Module, NativeCallContext};

use super::{Host, strand};
use crate::base::output::{Progress as Bar, ProgressUnit};

pub use ask::{confirm, confirm_name};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(api);
    module.combine(rhai::exported_module!(ask::api));
    module.set_custom_type::<Progress>("Progress");
    module
}

/// Progress of a piece of work, as scripts hold it.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<Option<Bar>>>);

impl Progress {
    fn with(&self, work: impl FnOnce(&Bar)) {
        if let Some(bar) = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
        {
            work(bar);
        }
    }
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Prints a text as data, or a value as the run's JSON document.
fn write_data(host: &Host, text: &str, json: &Dynamic) {
    if host.output().is_json() {
        host.note_written_data();
        host.output()
            .data(&serde_json::to_string_pretty(json).unwrap_or_default());
    } else {
        host.output().data(&strand::current().mark(text));
    }
}

/// Questions, tables, progress and data. Nothing is asked without a terminal: then a question needs its answer on the
/// command line, or the task ends with exit code 2.
#[rhai::export_module]
pub mod api {
    /// Prints rows as an aligned table, or as a JSON array with `--json`.
    ///
    /// # Parameters
    /// - `rows`: an array of maps; the columns are the keys of the first
    ///
    /// # Example
    /// ```
    /// ui::table([#{ name: "redis", port: 6379 }, #{ name: "postgres", port: 5432 }]);
    /// ```
    pub fn table(ctx: NativeCallContext, rows: Array) {
        let columns = super::table::columns(&rows);
        super::table::print(&Host::of(&ctx), &rows, &columns);
    }

    /// Prints chosen columns of rows as an aligned table, or the rows as a JSON array with `--json`.
    ///
    /// # Parameters
    /// - `rows`: an array of maps
    /// - `columns`: the keys to show, in this order
    ///
    /// # Example
    /// ```
    /// ui::table([#{ name: "redis", port: 6379 }], ["port", "name"]);
    /// ```
    #[rhai_fn(name = "table")]
    pub fn table_of(ctx: NativeCallContext, rows: Array, columns: Array) {
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        super::table::print(&Host::of(&ctx), &rows, &columns);
    }

    /// Prints a value: as text, or as the run's JSON document with `--json`.
    ///
    /// # Parameters
    /// - `value`: what to print
    ///
    /// # Example
    /// ```
    /// ui::data(#{ ready: true });
    /// ```
    pub fn data(ctx: NativeCallContext, value: Dynamic) {
        write_data(&Host::of(&ctx), &value.to_string(), &value);
    }

    /// Shows that something is going on: on a terminal as it moves, elsewhere as one line at the start and one at the end.
    ///
    /// # Parameters
    /// - `label`: what is being done
    ///
    /// # Example
    /// ```
    /// let work = ui::progress("reading");
    /// work.finish("read 3 files");
    /// ```
    pub fn progress(ctx: NativeCallContext, label: &str) -> Progress {
        let bar = Host::of(&ctx)
            .output()
            .progress(label, None, ProgressUnit::Items);
        Progress(Arc::new(Mutex::new(Some(bar))))
    }

    /// The same with a known end.
    ///
    /// # Parameters
    /// - `label`: what is being done
    /// - `total`: how many things there are
    ///
    /// # Example
    /// ```
    /// let work = ui::progress("reading", 3);
    /// for file in 0..3 { work.add(1); }
    /// work.finish("read 3 files");
    /// ```
    #[rhai_fn(name = "progress")]
    pub fn progress_of(ctx: NativeCallContext, label: &str, total: i64) -> Progress {
        let total = Some(unsigned(total));
        let bar = Host::of(&ctx)
            .output()
            .progress(label, total, ProgressUnit::Items);
        Progress(Arc::new(Mutex::new(Some(bar))))
    }

    /// Moves a progress on.
    ///
    /// # Parameters
    /// - `progress`: what `ui::progress` gave
    /// - `n`: by how many things
    ///
    /// # Example
    /// ```
    /// let work = ui::progress("reading", 3);
    /// work.add(2);
    /// ```
    #[rhai_fn(global, name = "add")]
    pub fn progress_add(progress: Progress, n: i64) {
        progress.with(|bar| bar.add(unsigned(n)));
    }

    /// Says what a progress is doing now.
    ///
    /// # Parameters
    /// - `progress`: what `ui::progress` gave
    /// - `label`: what is being done
    ///
    /// # Example
    /// ```
    /// let work = ui::progress("reading", 3);
    /// work.label("reading b.txt");
    /// ```
    #[rhai_fn(global, name = "label")]
    pub fn progress_label(progress: Progress, label: &str) {
        progress.with(|bar| bar.label(label));
    }

    /// Ends a progress and leaves one line.
    ///
    /// # Parameters
    /// - `progress`: what `ui::progress` gave
    /// - `line`: what was done
    ///
    /// # Example
    /// ```
    /// let work = ui::progress("reading", 3);
    /// work.finish("read 3 files");
    /// ```
    #[rhai_fn(global, name = "finish")]
    pub fn progress_finish(progress: Progress, line: &str) {
        if let Some(bar) = progress
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            bar.finish(line);
        }
    }

    /// Whether data is wanted as JSON (`--json`).
    ///
    /// # Example
    /// ```
    /// if !ui::is_json() { log::info("3 services run"); }
    /// ```
    pub fn is_json(ctx: NativeCallContext) -> bool {
        Host::of(&ctx).output().is_json()
    }
}
