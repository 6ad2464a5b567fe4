//! iamtrim: unused IAM permissions, found where they are written.
pub mod audit;
pub mod catalog;
pub mod claims;
pub mod config;
pub mod error;
pub mod finding;
pub mod policy;
pub mod refine;
pub mod source;
pub mod syntax;
pub mod template;
