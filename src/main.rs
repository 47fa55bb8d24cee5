//! The `lexi` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    lexi::cli::main(std::env::args_os().collect())
}
