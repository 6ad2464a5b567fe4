//! The command-line program: parses the arguments, calls [`run`], and turns what comes back into an exit code.

use std::process::ExitCode;

use clap::Parser as _;

mod cli;
mod run;

/// What is shipped has an allocator of its own: that of musl is slow, and the others are slower than this one. A hook
/// that compiles the program does without, and so without compiling C.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
