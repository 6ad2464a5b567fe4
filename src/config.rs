//! `.iamtrim.yaml`: its shape, where it is found, and whether it is right.
//!
//! Knows the user's wishes. Does not know the pipeline.
