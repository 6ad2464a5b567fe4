//! The shell: reads what the user named, calls the core, prints and writes.
//!
//! All input and output of the program is in here and in the walk. Knows no IAM.
#![expect(clippy::disallowed_methods, reason = "the shell is where files, environment and clock are touched")]

mod baseline;
mod catalog;
mod changed;
mod evidence;
mod explain;
mod findings;
mod git;
mod init;
mod input;
mod lint;
mod newness;
mod policies;
pub(crate) mod print;
mod progress;
mod refine;
mod rule;
mod settings;
mod workspace;

use std::process::ExitCode;

use clap::CommandFactory as _;
use iamtrim::error::Error;

use crate::cli::{Cli, Command};

/// How an action pattern is written.
const PATTERN_HELP: &str = "write `service:Name`, where the name may hold `*` and `?`: `s3:Get*`";

/// Does what the user asked for.
///
/// # Errors
/// If the job cannot be done at all; what is wrong with single files is reported, not raised.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Error> {
    match command {
        Command::Lint(args) => lint::run(args),
        Command::Refine(args) => refine::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Policies(args) => policies::run(args),
        Command::Findings(args) => findings::run(args),
        Command::Catalog(args) => catalog::run(args),
        Command::Rule(args) => rule::run(args),
        Command::Init(args) => init::run(args),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "iamtrim", &mut script);
            print::stdout(&String::from_utf8_lossy(&script))
        }
    }
}
