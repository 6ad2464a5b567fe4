//! The command-line program: parses the arguments, calls [`run`], and turns what comes back into an exit code.

use std::process::ExitCode;

use clap::Parser as _;

mod cli;
mod run;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // This thread works too; if that cannot be, it waits for the others.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
    match run::run(&cli.command) {
        Ok(code) => code,
        Err(error) => {
            run::print::error(&error);
            ExitCode::from(2)
        }
    }
}
