//! Questions to whoever runs the task. Nothing is asked without a terminal.

use std::io::BufRead;

use rhai::{Array, NativeCallContext};

use crate::base::{Error, Result};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, strand};

/// A yes to an ordinary question: `--yes`, or typed. Anything else is a refusal.
pub fn confirm(host: &Host, question: &str) -> Result<()> {
    if is_confirmed(host, question)? {
        Ok(())
    } else {
        Err(not_confirmed())
    }
}

fn is_confirmed(host: &Host, question: &str) -> Result<bool> {
    if host.flags().yes {
        return Ok(true);
    }
    if !host.output().can_ask() {
        let error = Error::refused(format!("nobody to ask: {question}"));
        return Err(error.hint("answer with `--yes`").exit_status(2));
    }
    let answer = read_answer(host, &format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

fn not_confirmed() -> Error {
    Error::refused("not confirmed; nothing was done")
}

/// The name of what is to be destroyed: `--confirm NAME`, or typed. `--yes` is not enough.
pub fn confirm_name(host: &Host, question: &str, name: &str) -> Result<()> {
    let given = match &host.flags().confirm {
        Some(given) => given.clone(),
        None if host.output().can_ask() => {
            read_answer(host, &format!("{question}\ntype `{name}` to go on: "))?
        }
        None => {
            let error = Error::refused(format!("nobody to ask: {question}"));
            return Err(error
                .hint(format!("give the name with `--confirm {name}`"))
                .exit_status(2));
        }
    };
    if given == name {
        return Ok(());
    }
    let message = format!("`{given}` is not `{name}`; nothing was done");
    Err(Error::refused(message).hint(format!("the name asked for is `{name}`")))
}

/// Reads one line from the terminal. A thread of its own reads, so that Ctrl-C still stops the run.
fn read_answer(host: &Host, question: &str) -> Result<String> {
    host.output().ask(question);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // Nobody listens any more when the run was stopped meanwhile.
        let _unheard = sender.send(read.map(|_| line));
    });
    let answer = host.runtime().wait(&strand::current().cancel, async {
        receiver
            .await
            .map_err(|e| Error::internal("the terminal could not be read").because(e))
    })?;
    let line = answer.map_err(|e| Error::io("cannot read the terminal", e))?;
    if line.is_empty() {
        return Err(not_confirmed());
    }
    Ok(line.trim().to_owned())
}

fn choose(host: &Host, question: &str, choices: &[String]) -> Result<String> {
    if choices.is_empty() {
        return Err(Error::invalid("there is nothing to choose from"));
    }
    if !host.output().can_ask() {
        let error = Error::refused(format!("nobody to ask: {question}"));
        return Err(error
            .hint("give the choice as an argument of the task")
            .exit_status(2));
    }
    let list: Vec<String> = choices
        .iter()
        .enumerate()
        .map(|(at, choice)| format!("  {} {choice}", at + 1))
        .collect();
    loop {
        let answer = read_answer(
            host,
            &format!("{question}\n{}\nnumber or name: ", list.join("\n")),
        )?;
        let by_number = answer
            .parse::<usize>()
            .ok()
            .and_then(|n| choices.get(n.checked_sub(1)?));
        if let Some(choice) = by_number.or_else(|| choices.iter().find(|choice| **choice == answer))
        {
            return Ok(choice.clone());
        }
    }
}

/// Questions.
#[rhai::export_module]
pub mod api {
    /// Asks a question and gives whether the answer is yes. `--yes` answers it.
    ///
    /// # Parameters
    /// - `question`: one line
    ///
    /// # Errors
    /// - `refused`: there is no terminal and no `--yes` (exit code 2)
    ///
    /// # Example
    /// ```
    /// if ui::confirm("Remove the old logs?") { log::info("removing"); }
    /// ```
    #[rhai_fn(name = "confirm", return_raw)]
    pub fn ask_confirm(ctx: NativeCallContext, question: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "ui::confirm", |host| is_confirmed(host, question))
    }

    /// Asks for the name of what is to be destroyed. Only the name itself goes on: typed, or given as `--confirm NAME`.
    ///
    /// # Parameters
    /// - `question`: what will be destroyed
    /// - `name`: the name that must be given
    ///
    /// # Errors
    /// - `refused`: another name was given, or there is no terminal and no `--confirm` (exit code 2)
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| ui::confirm_name("This drops the database", "lexiflow_dev"));
    /// ensure(outcome.error.kind == "refused", "nobody typed the name");
    /// ```
    #[rhai_fn(name = "confirm_name", return_raw)]
    pub fn ask_name(ctx: NativeCallContext, question: &str, name: &str) -> RhaiResultOf<()> {
        bridge::call(&ctx, "ui::confirm_name", |host| {
            confirm_name(host, question, name)
        })
    }

    /// Asks for one line of text.
    ///
    /// # Parameters
    /// - `question`: one line
    /// - `fallback`: the answer when nothing is typed, or when there is no terminal
    ///
    /// # Example
    /// ```
    /// ensure(ui::ask("Label?", "nightly") == "nightly", "without a terminal the fallback counts");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ask(ctx: NativeCallContext, question: &str, fallback: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "ui::ask", |host| {
            if !host.output().can_ask() {
                return Ok(fallback.to_owned());
            }
            let answer = read_answer(host, &format!("{question} [{fallback}] "))?;
            Ok(if answer.is_empty() {
                fallback.to_owned()
            } else {
                answer
            })
        })
    }

    /// Asks which of several it shall be.
    ///
    /// # Parameters
    /// - `question`: one line
    /// - `choices`: what there is
    ///
    /// # Errors
    /// - `refused`: there is no terminal (exit code 2)
    /// - `invalid`: there is nothing to choose from
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| ui::choose("Which backup?", ["a", "b"]));
    /// ensure(outcome.error.kind == "refused", "nobody is there to choose");
    /// ```
    #[rhai_fn(name = "choose", return_raw)]
    pub fn ask_choice(
        ctx: NativeCallContext,
        question: &str,
        choices: Array,
    ) -> RhaiResultOf<String> {
        let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
        bridge::call(&ctx, "ui::choose", |host| choose(host, question, &choices))
    }
}
