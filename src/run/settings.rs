//! Configuration and command line together.

use std::path::Path;

use iamtrim::error::Error;
use iamtrim::rule::Level;
use iamtrim::settings::Settings;
use iamtrim::walk::{self, Scope, WalkOptions};
use jiff::civil::Date;

use crate::cli::CommonArgs;

/// The settings of the files that a configuration governs.
pub(super) fn settled(governed: &Scope, common: &CommonArgs, today: Date) -> Settings {
    let mut settings = Settings::new(governed.config.clone(), today);
    settings.identities.clone_from(&common.identity);
    settings.config_path.clone_from(&governed.file);
    if std::env::var_os("PRE_COMMIT").is_some() {
        settings.staleness = Level::Note;
    }
    settings
}

/// The configuration that governs one path.
///
/// # Errors
/// If it is broken.
pub(super) fn nearest(path: &Path, common: &CommonArgs) -> Result<Scope, Error> {
    let path = if path == Path::new("-") { Path::new(".") } else { path };
    walk::governing(&WalkOptions {
        paths: vec![path.to_owned()],
        no_ignore: false,
        config: common.config.clone(),
        current_dir: super::workspace::current_dir()?,
        ..WalkOptions::default()
    })
}
