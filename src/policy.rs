//! What IAM understands, as values.
//!
//! Knows the IAM policy language. Does not know files, notations or findings.

pub mod arn;
