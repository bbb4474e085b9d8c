//! The command line: what is asked, what is run, what is printed.

mod arguments;
mod cores;
mod print;
mod report;

mod compare;
mod rivals;
mod run;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use print::{complain, show};

/// What a command has to say, and whether every digest was right.
struct Report {
    text: String,
    /// What was wrong, where a digest was.
    wrong: Option<String>,
}

/// Does what the command line asks: 0 when it was done and right, 1 when it
/// failed or a digest was wrong, 2 when it was asked wrongly.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::read();
    if cfg!(debug_assertions) {
        complain("warning: this is a debug build; its figures mean nothing, use --release");
    }
    let result = match &arguments.command {
        Command::Run(asked) => run::run(asked),
        Command::Compare(asked) => compare::compare(asked),
        Command::Rivals(asked) => rivals::rivals(asked),
    };
    match result {
        Ok(report) => {
            show(&report.text);
            match report.wrong {
                None => ExitCode::SUCCESS,
                Some(wrong) => {
                    complain(&format!("error: {wrong}"));
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
