//! iamtrim: unused IAM permissions, found where they are written.
pub mod catalog;
pub mod config;
pub mod error;
pub mod finding;
pub mod policy;
pub mod source;
pub mod walk;
