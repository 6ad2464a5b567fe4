//! The only owner of file text: files, spans of bytes, and places.
//!
//! Knows bytes and lines. Does not know any format.

/// What is wrong with a repository file; becomes a diagnostic of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem;
