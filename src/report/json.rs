//! The report as JSON, version 1.
