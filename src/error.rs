//! The job cannot be done: arguments, configuration, findings or catalogue are unusable.
//!
//! What is wrong with a *repository file* is never an [`Error`]; it is a [`crate::source::Problem`],
//! becomes a diagnostic, and the run goes on.

use std::fmt;

/// Why the job cannot be done. Printed as `error: …`, its causes, and one `help:` line; exit code 2.
#[derive(Debug)]
pub struct Error {
    message: String,
    place: Option<FilePlace>,
    help: Option<String>,
    cause: Option<String>,
}

/// A place in a file that is not one of the linted sources: a config, an export, a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilePlace {
    /// The path as the user would write it.
    pub path: String,
    /// Line and column, both from 1, where they are known. Columns count Unicode scalar values.
    pub position: Option<(usize, usize)>,
}

impl Error {
    /// An error that says `message`: lower case, one line, no full stop, the user's words in backticks.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, help: None, cause: None }
    }

    /// Adds the file it is about.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>) -> Self {
        self.place = Some(FilePlace { path: path.into(), position: None });
        self
    }

    /// Adds the file, line and column (from 1) it is about.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, line: usize, column: usize) -> Self {
        self.place = Some(FilePlace { path: path.into(), position: Some((line, column)) });
        self
    }

    /// Adds the one `help:` line.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what lies beneath, such as the operating system's own words.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// The message alone.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The message and what lies beneath, without the place.
    #[must_use]
    pub fn reason(&self) -> String {
        self.cause.as_ref().map_or_else(|| self.message.clone(), |cause| format!("{}: {cause}", self.message))
    }

    /// The place, where there is one.
    #[must_use]
    pub fn place(&self) -> Option<&FilePlace> {
        self.place.as_ref()
    }

    /// The text after `help:`.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// `place: message: cause`, on one line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.reason())
    }
}

impl std::error::Error for Error {}
