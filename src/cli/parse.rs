//! Reads the command line.

use std::ffi::OsString;
use std::mem::{ManuallyDrop, take};

use clap::{FromArgMatches, Parser, Subcommand, value_parser};

use super::args::{Args, Command, Global};

/// What the words say. Most command lines name their command first and are right: for those only that command is made, since
/// making all of them is a fifth of what an empty task costs. Whatever is not understood so is read again with all, which
/// also know help, mistakes and what was meant.
pub(super) fn words(words: &[OsString]) -> Result<Args, clap::Error> {
    narrow(words).map_or_else(|| Args::try_parse_from(words), Ok)
}

fn narrow(words: &[OsString]) -> Option<Args> {
    let name = words
        .get(1)?
        .to_str()
        .filter(|name| !name.starts_with('-'))?;
    let mut all = ManuallyDrop::new(Command::augment_subcommands(clap::Command::new("lexi")));
    let mut one = clap::Command::new("lexi")
        .disable_help_subcommand(true)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(value_parser!(String));
    one = <Global as clap::Args>::augment_args(one);
    if let Some(found) = all.find_subcommand_mut(name) {
        one = one.subcommand(take(found));
    }
    // The program ends before the memory is of use to anybody.
    let mut one = ManuallyDrop::new(one);
    let mut matches = one.try_get_matches_from_mut(words).ok()?;
    Args::from_arg_matches_mut(&mut matches).ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Both ways of reading a command line, as text.
    fn both(line: &str) -> (String, String) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let whole = Args::try_parse_from(&words).ok();
        (format!("{:?}", narrow(&words)), format!("{whole:?}"))
    }

    #[test]
    fn a_command_that_is_read_alone_is_read_as_among_all() {
        for line in [
            "lexi run backup --label nightly",
            "lexi r --profile prod backup --profile x -- -v",
            "lexi run -qq --dry-run=execute a b",
            "lexi run --untrusted f.rhai --allow-read a --allow-read b t",
            "lexi list --json",
            "lexi ls",
            "lexi check tasks --if-locked 10m --set A=b",
            "lexi history show 1",
            "lexi backup --label nightly",
            "lexi backup -v --profile prod",
            "lexi cron --next 3 --color never",
            "lexi metrics",
            "lexi __complete bash 1 lexi ru",
        ] {
            let (narrow, whole) = both(line);
            assert_eq!(narrow, whole, "{line}");
            assert_ne!(narrow, "None", "{line}");
        }
    }

    #[test]
    fn what_is_wrong_or_asks_for_help_is_left_to_all() {
        for line in [
            "lexi",
            "lexi run --help",
            "lexi list --nonsense",
            "lexi --version",
            "lexi --profile dev list",
            "lexi history show",
            "lexi run --color purple x",
        ] {
            assert_eq!(both(line).0, "None", "{line}");
        }
    }

    #[test]
    fn every_command_can_be_read_alone_or_not_at_all() {
        let names: Vec<String> = Args::command()
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect();
        assert!(names.len() > 20);
        for name in names {
            let (narrow, whole) = both(&format!("lexi {name}"));
            assert_eq!(narrow, whole, "{name}");
        }
    }
}
