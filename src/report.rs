//! One file per output format, all over one [`crate::diagnostic::Report`].
//!
//! Text from files is untrusted in each of them. Does not know how a diagnostic came about.

pub mod diff;
pub mod explain;
pub mod findings;
pub mod human;
pub mod inert;
pub mod json;
pub mod policies;
pub mod style;
