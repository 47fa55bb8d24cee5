//! Questions. Nothing asks without a terminal: then a flag must have answered, or it is refused.

use std::fmt::Write;

use crate::base::{Error, Result};
use crate::host::{Host, strand};
use crate::ops::prompt;

/// How often a question with choices is asked before it is given up.
const ATTEMPTS: usize = 3;

/// Asks an ordinary question; anything but yes is an error. `--yes` answers it.
pub fn confirm(host: &Host, question: &str) -> Result<()> {
    if is_yes(host, question)? {
        Ok(())
    } else {
        Err(Error::refused("it was not confirmed; nothing was done"))
    }
}

/// Asks for a name before something is destroyed; only the name, typed or given with `--confirm`, goes on.
pub fn confirm_name(host: &Host, question: &str, name: &str) -> Result<()> {
    let given = match &host.flags().confirm {
        Some(given) => given.clone(),
        None if !host.output().can_ask() => {
            let message =
                format!("`{name}` must be confirmed by name, and nobody can be asked here");
            return Err(Error::refused(message)
                .hint(format!("--confirm {name}"))
                .exit_status(2));
        }
        None => line(host, &format!("{question}\ntype `{name}` to go on: "))?,
    };
    if given.trim() == name {
        host.note_confirmed(name);
        return Ok(());
    }
    let message = match given.trim() {
        "" => "no name was given; nothing was done".to_owned(),
        given => format!("`{given}` is not `{name}`; nothing was done"),
    };
    let error = Error::refused(message);
    Err(match host.flags().confirm {
        Some(_) => error.hint(format!("--confirm {name}")).exit_status(2),
        None => error,
    })
}

fn is_yes(host: &Host, question: &str) -> Result<bool> {
    if host.flags().yes {
        host.output().detail(&format!("{question} yes (--yes)"));
        return Ok(true);
    }
    require_terminal(host, question, "--yes")?;
    for _ in 0..ATTEMPTS {
        let answer = line(host, &format!("{question} [y/N] "))?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "" | "n" | "no" => return Ok(false),
            _ => host.output().say("answer `y` or `n`"),
        }
    }
    Ok(false)
}

fn require_terminal(host: &Host, question: &str, hint: &str) -> Result<()> {
    if host.output().can_ask() {
        return Ok(());
    }
    let message = format!("nobody can be asked here: {question}");
    Err(Error::refused(message).hint(hint).exit_status(2))
}

fn line(host: &Host, question: &str) -> Result<String> {
    host.output().ask(&strand::current().mark(question));
    let cancel = strand::current().cancel;
    let answer = host.runtime().wait(&cancel, prompt::read_line());
    if answer.is_err() {
        // What is said next does not belong to the question's line.
        host.output().ask("\n");
    }
    answer
}

fn choose(host: &Host, question: &str, choices: &[String]) -> Result<usize> {
    if choices.is_empty() {
        return Err(Error::invalid("there is nothing to choose from"));
    }
    require_terminal(host, question, "pass the choice as an argument of the task")?;
    let mut list = format!("{question}\n");
    for (at, choice) in choices.iter().enumerate() {
        // Writing to a string cannot fail.
        let _infallible = writeln!(list, "  {}) {choice}", at + 1);
    }
    host.output().say(list.trim_end());
    for _ in 0..ATTEMPTS {
        let answer = line(host, &format!("1-{}: ", choices.len()))?;
        if let Some(at) = choice_of(answer.trim(), choices) {
            return Ok(at);
        }
        host.output()
            .say(&format!("answer a number from 1 to {}", choices.len()));
    }
    Err(Error::refused("nothing was chosen"))
}

/// The place of a choice that was named by its number or by itself.
fn choice_of(answer: &str, choices: &[String]) -> Option<usize> {
    let named = choices.iter().position(|choice| choice == answer);
    named.or_else(|| {
        let number: usize = answer.parse().ok()?;
        (1..=choices.len()).contains(&number).then(|| number - 1)
    })
}

/// Questions, tables, progress and data. Nothing asks without a terminal: then a flag must have answered.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Dynamic, NativeCallContext};

    use super::{Error, line, require_terminal};
    use crate::host::bridge::{self, RhaiResultOf};

    /// Asks an ordinary question; gives whether the answer is yes. `--yes` answers it.
    ///
    /// # Parameters
    /// - `question`: what to ask, such as `"Remove 3 backups?"`
    ///
    /// # Errors
    /// - `refused`: there is no terminal to ask on and no `--yes`
    ///
    /// # Example
    /// ```
    /// if ui::confirm("Make the folder?") { fs::make_dir("data"); }
    /// ensure(fs::is_dir("data"), "the examples run with --yes");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn confirm(ctx: NativeCallContext, question: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "ui::confirm", |host| super::is_yes(host, question))
    }

    /// Asks for a name before something is destroyed. Only that name, typed or given with `--confirm NAME`, goes on;
    /// `--yes` is not enough.
    ///
    /// # Parameters
    /// - `what`: what will happen, such as `"All data of the database will be lost."`
    /// - `name`: the name to type, such as the database's
    ///
    /// # Errors
    /// - `refused`: another name was typed, or there is no terminal to ask on and no `--confirm`
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| ui::confirm_name("All data will be lost.", "lexiflow"));
    /// ensure(outcome.error.kind == "refused", "nobody types the name here");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn confirm_name(ctx: NativeCallContext, what: &str, name: &str) -> RhaiResultOf<()> {
        bridge::call(&ctx, "ui::confirm_name", |host| {
            super::confirm_name(host, what, name)
        })
    }

    /// Asks which of several; gives the choice.
    ///
    /// # Parameters
    /// - `question`: what to ask
    /// - `choices`: texts to choose from
    ///
    /// # Errors
    /// - `refused`: nothing was chosen, or there is no terminal to ask on
    /// - `invalid`: there is nothing to choose from
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| ui::choose("Which backup?", ["monday", "tuesday"]));
    /// ensure(outcome.error.kind == "refused", "nobody can be asked here");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn choose(ctx: NativeCallContext, question: &str, choices: Array) -> RhaiResultOf<Dynamic> {
        bridge::call(&ctx, "ui::choose", |host| {
            let texts: Vec<String> = choices.iter().map(ToString::to_string).collect();
            let at = super::choose(host, question, &texts)?;
            Ok(choices[at].clone())
        })
    }

    /// Asks for a line of text, without blanks around it.
    ///
    /// # Parameters
    /// - `question`: what to ask
    ///
    /// # Errors
    /// - `refused`: there is no terminal to ask on
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| ui::ask("Your name?"));
    /// ensure(outcome.error.kind == "refused", "nobody can be asked here");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ask(ctx: NativeCallContext, question: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "ui::ask", |host| {
            require_terminal(host, question, "pass the answer as an argument of the task")?;
            Ok(line(host, &format!("{question} "))?.trim().to_owned())
        })
    }

    /// Asks for a line of text; an empty answer, or `--yes`, gives the fallback.
    ///
    /// # Parameters
    /// - `question`: what to ask
    /// - `fallback`: the answer when there is none
    ///
    /// # Errors
    /// - `refused`: there is no terminal to ask on and no `--yes`
    ///
    /// # Example
    /// ```
    /// ensure(ui::ask("Your name?", "Ann") == "Ann", "the examples run with --yes");
    /// ```
    #[rhai_fn(name = "ask", return_raw)]
    pub fn ask_or(ctx: NativeCallContext, question: &str, fallback: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "ui::ask", |host| {
            if host.flags().yes {
                return Ok(fallback.to_owned());
            }
            require_terminal(host, question, "--yes")?;
            let answer = line(host, &format!("{question} [{fallback}] "))?;
            let answer = answer.trim();
            Ok::<_, Error>(if answer.is_empty() { fallback } else { answer }.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_named_by_number_or_by_itself() {
        let choices = ["monday".to_owned(), "2".to_owned()];

        let cases = [
            ("1", Some(0)),
            ("monday", Some(0)),
            ("2", Some(1)),
            ("3", None),
            ("", None),
            ("0", None),
        ];
        for (answer, expected) in cases {
            assert_eq!(choice_of(answer, &choices), expected, "{answer}");
        }
    }
}
