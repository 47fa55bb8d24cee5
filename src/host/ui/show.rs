//! Tables, progress and data.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic};

use super::table::Table;
use crate::base::Result;
use crate::base::output::{Progress, ProgressUnit};
use crate::host::json;
use crate::host::{Host, strand};

/// A progress in a script's hands; gone when it is finished or the script lets go of it.
#[derive(Debug, Clone)]
pub struct Bar(Arc<Mutex<Option<Progress>>>);

impl Bar {
    fn start(host: &Host, label: &str, total: Option<u64>) -> Self {
        let progress = host.output().progress(label, total, ProgressUnit::Items);
        Self(Arc::new(Mutex::new(Some(progress))))
    }

    fn with(&self, act: impl FnOnce(&Progress)) {
        let progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = progress.as_ref() {
            act(progress);
        }
    }

    fn finish(&self, line: &str) {
        let progress = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(progress) = progress {
            progress.finish(line);
        }
    }
}

/// A count as a script has it; less than nothing is nothing.
fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

/// Prints a document of JSON on stdout.
fn print_json(host: &Host, value: &Dynamic) -> Result<()> {
    host.output().data(&json::shown(value)?);
    Ok(())
}

fn data(host: &Host, value: &Dynamic) -> Result<()> {
    if host.output().is_json() {
        host.note_written_data();
        return print_json(host, value);
    }
    if value.is_map() || value.is_array() {
        return print_json(host, value);
    }
    host.output()
        .data(&strand::current().mark(&value.to_string()));
    Ok(())
}

fn table(host: &Host, rows: &Array, columns: Option<&Array>) -> Result<()> {
    let columns = columns.map(|names| names.iter().map(ToString::to_string).collect());
    let table = Table::new(rows, columns)?;
    if host.output().is_json() {
        host.note_written_data();
        return print_json(host, &rows.clone().into());
    }
    let text = table.draw(super::table::terminal_width());
    host.output().data(&strand::current().mark(&text));
    Ok(())
}

/// More of `ui`.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Dynamic, NativeCallContext};

    use super::{Bar, count};
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};

    /// Whether data is wanted as JSON (`--json`).
    ///
    /// # Example
    /// ```
    /// if !ui::is_json() { log::info("3 services run"); }
    /// ```
    pub fn is_json(ctx: NativeCallContext) -> bool {
        Host::of(&ctx).output().is_json()
    }

    /// Clears the screen before something is shown again; gives whether stdout is a screen. A file or pipe is left as it is.
    ///
    /// # Example
    /// ```
    /// ensure(!ui::clear(), "the examples do not run on a terminal");
    /// ```
    pub fn clear(ctx: NativeCallContext) -> bool {
        Host::of(&ctx).output().clear()
    }

    /// Prints a value on stdout: text as it is, maps and arrays as JSON; with `--json` everything as JSON.
    ///
    /// # Parameters
    /// - `value`: the value; secrets in it are masked
    ///
    /// # Errors
    /// - `invalid`: something in it, such as a closure, has no form in JSON
    ///
    /// # Example
    /// ```
    /// ui::data(#{ backup: "a.sql.gz", bytes: 1234 });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn data(ctx: NativeCallContext, value: Dynamic) -> RhaiResultOf<()> {
        bridge::call(&ctx, "ui::data", |host| super::data(host, &value))
    }

    /// Prints rows as an aligned table on stdout, at most as wide as the terminal: long cells are cut, and where that is not
    /// enough the last columns are left out. With `--json` as an array of maps.
    ///
    /// # Parameters
    /// - `rows`: an array of maps; the columns are their keys in alphabetical order
    ///
    /// # Errors
    /// - `invalid`: a row is no map
    ///
    /// # Example
    /// ```
    /// ui::table([#{ name: "postgres", port: 5432 }, #{ name: "redis", port: 6379 }]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn table(ctx: NativeCallContext, rows: Array) -> RhaiResultOf<()> {
        bridge::call(&ctx, "ui::table", |host| super::table(host, &rows, None))
    }

    /// Prints some columns of rows as an aligned table on stdout; with `--json` all of them as an array of maps.
    ///
    /// # Parameters
    /// - `rows`: an array of maps
    /// - `columns`: the keys to show, in this order
    ///
    /// # Errors
    /// - `invalid`: a row is no map, or no row has one of the columns
    ///
    /// # Example
    /// ```
    /// ui::table([#{ name: "redis", port: 6379, pid: 42 }], ["port", "name"]);
    /// ```
    #[rhai_fn(name = "table", return_raw)]
    pub fn table_of(ctx: NativeCallContext, rows: Array, columns: Array) -> RhaiResultOf<()> {
        bridge::call(&ctx, "ui::table", |host| {
            super::table(host, &rows, Some(&columns))
        })
    }

    /// Shows on a terminal that something goes on, without knowing how long; elsewhere one line at the start.
    ///
    /// # Parameters
    /// - `label`: what goes on
    ///
    /// # Example
    /// ```
    /// let progress = ui::progress("waiting for the server");
    /// progress.finish("the server answers");
    /// ```
    pub fn progress(ctx: NativeCallContext, label: &str) -> Bar {
        Bar::start(&Host::of(&ctx), label, None)
    }

    /// Shows on a terminal how far something is; elsewhere one line at the start and one at the end.
    ///
    /// # Parameters
    /// - `label`: what goes on
    /// - `total`: how many there are to do
    ///
    /// # Example
    /// ```
    /// let progress = ui::progress("copying", 3);
    /// for n in 0..3 { progress.add(1); }
    /// progress.finish("copied 3 files");
    /// ```
    #[rhai_fn(name = "progress")]
    pub fn progress_of(ctx: NativeCallContext, label: &str, total: i64) -> Bar {
        Bar::start(&Host::of(&ctx), label, Some(count(total)))
    }

    /// Moves a progress on.
    ///
    /// # Parameters
    /// - `progress`: what `ui::progress` gave
    /// - `n`: how many more are done
    ///
    /// # Example
    /// ```
    /// let progress = ui::progress("copying", 2);
    /// progress.add(2);
    /// ```
    #[rhai_fn(global)]
    pub fn add(progress: Bar, n: i64) {
        progress.with(|bar| bar.add(count(n)));
    }

    /// Changes what a progress says is going on.
    ///
    /// # Parameters
    /// - `progress`: what `ui::progress` gave
    /// - `text`: what goes on now
    ///
    /// # Example
    /// ```
    /// let progress = ui::progress("copying", 2);
    /// progress.label("copying the second");
    /// ```
    #[rhai_fn(global)]
    pub fn label(progress: Bar, text: &str) {
        progress.with(|bar| bar.label(text));
    }

    /// Removes a progress from the terminal and leaves one line.
    ///
    /// # Parameters
    /// - `progress`: what `ui::progress` gave
    /// - `line`: what to say at the end
    ///
    /// # Example
    /// ```
    /// ui::progress("copying", 2).finish("copied 2 files");
    /// ```
    #[rhai_fn(global)]
    pub fn finish(progress: Bar, line: &str) {
        progress.finish(line);
    }
}
