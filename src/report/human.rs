//! The report for people at a terminal.
