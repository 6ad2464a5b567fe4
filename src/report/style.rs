//! How a report for people looks.

/// How a report for people looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether it has colours.
    pub color: bool,
    /// Whether it may use characters beyond ASCII.
    pub unicode: bool,
    /// How wide it may be, in columns.
    pub width: usize,
    /// How much it says.
    pub verbosity: Verbosity,
}

/// How much a report says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors and warnings, without a closing line.
    Quiet,
    /// Errors and warnings, and what they come to.
    #[default]
    Normal,
    /// Notes as well.
    Verbose,
}
