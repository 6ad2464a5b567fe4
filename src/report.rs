//! One file per output format, all over one [`crate::diagnostic::Report`].
//!
//! Text from files is untrusted in each of them. Does not know how a diagnostic came about.

pub mod diff;
pub mod explain;
pub mod findings;
pub mod github;
pub mod gitlab;
pub mod human;
pub mod inert;
pub mod json;
pub mod junit;
mod lines;
pub mod markdown;
mod markup;
mod plain;
pub mod policies;
pub mod rdjson;
mod region;
pub mod sarif;
pub mod style;
pub mod suggestions;
#[cfg(test)]
mod tests;
