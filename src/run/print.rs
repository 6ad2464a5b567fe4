//! Printing: to a stream, with colours where it can show them; a reader that went away is no failure.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use iamtrim::error::Error;
use iamtrim::report::inert;
use iamtrim::report::style::{Style, Verbosity};

use crate::cli::{Color, OutputArgs};

/// Whether standard output gets colours: as the user asks, or as the environment has it (`NO_COLOR`, `CLICOLOR_FORCE`).
pub(crate) fn has_color(output: &OutputArgs) -> bool {
    match output.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// How wide standard output is, in columns; 100 where it is no terminal, so that files are the same everywhere.
pub(crate) fn width() -> usize {
    const OTHERWISE: usize = 100;
    if !is_terminal() {
        return OTHERWISE;
    }
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|width| (40..=400).contains(width)).unwrap_or(OTHERWISE)
}

/// Whether anybody reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// As far as can be told.
    There,
    /// The pipe is closed: whoever reads has seen enough, which is no failure.
    Gone,
}

/// Prints a text to standard output, as it is.
///
/// # Errors
/// If that fails otherwise than by the reader going away.
pub(crate) fn to_reader(text: &str) -> Result<Reader, Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Error::new("cannot write to standard output").because(error)),
    }
}

/// Whether a path is a name of standard output: opened by it, a file would be written from its beginning.
pub(crate) fn is_stdout(path: &Path) -> bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Prints all that a command has to say.
///
/// # Errors
/// As [`to_reader`].
pub(crate) fn stdout(text: &str) -> Result<ExitCode, Error> {
    to_reader(text).map(|_| ExitCode::SUCCESS)
}

/// Prints lines to standard error, the word before the first colon coloured if it says how grave they are.
///
/// That nobody reads them is no failure.
pub(crate) fn stderr(text: &str) {
    let text = inert::block(text);
    let has_color = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let graded = text.split_once(": ").and_then(|(word, rest)| Some((grade(word).filter(|_| has_color)?, word, rest)));
    let mut stderr = io::stderr().lock();
    let _ = match graded {
        Some((code, word, rest)) => writeln!(stderr, "\u{1b}[1;{code}m{word}\u{1b}[0m: {rest}"),
        None => writeln!(stderr, "{text}"),
    };
}

/// The colour of a grade, as the report has it.
fn grade(word: &str) -> Option<&'static str> {
    match word {
        "error" => Some("91"),
        "warning" => Some("33"),
        "help" => Some("96"),
        "note" => Some("92"),
        _ => None,
    }
}

/// Prints why the job cannot be done.
pub(crate) fn error(error: &Error) {
    stderr(&format!("error: {error}"));
    if let Some(help) = error.help_text() {
        stderr(&format!("help: {help}"));
    }
}

/// How a report for people is to look.
pub(crate) fn style(color: bool, output: &OutputArgs) -> Style {
    let verbosity = match (output.quiet, output.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    Style { color, unicode: true, width: width(), verbosity }
}
