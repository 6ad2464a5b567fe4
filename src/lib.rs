//! Least privilege as a review comment: finds unused IAM permissions where they are written.
//!
//! Two programs in one. The core, [`mod@check`] and [`fix::rewritten`], takes values and gives values: no file, no
//! environment, no clock, no printing. The shell (the binary) reads, calls the core, prints and writes.
//!
//! ```text
//! Sources ─ syntax, template ─▶ Document ─ attribution ─▶ Owner ─ claims ─▶ U
//!                                  │                                        │
//!                                  └──────▶ audit ◀── catalog ◀─────────────┘
//!                                             │
//!                              refine ─▶ rewrite ─▶ verify ─▶ Fix
//!                                             │
//!                                         diagnose ─▶ Report ─▶ report/*
//! ```

pub mod attribution;
pub mod audit;
pub mod candidates;
pub mod catalog;
pub mod check;
pub mod claims;
pub mod compare;
pub mod config;
pub mod diagnose;
pub mod diagnostic;
pub mod edit;
pub mod error;
pub mod finding;
pub mod fix;
pub mod grants;
pub mod hold;
pub mod init;
pub mod judge;
pub mod nearest;
pub mod policy;
pub mod refine;
pub mod report;
pub mod rewrite;
pub mod rule;
pub mod settings;
pub mod source;
pub mod syntax;
pub mod template;
pub mod verify;
pub mod walk;
