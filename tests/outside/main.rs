//! The program as a process, in folders and repositories of its own: what it reads, says and writes.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test makes the files that the program reads, and may fail"
)]

mod changed;
mod faults;
mod fix;
mod git;
mod hostile;
mod streams;
mod support;
mod terraform;
mod whose;
