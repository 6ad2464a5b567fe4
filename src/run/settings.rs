//! Configuration and command line together.

use std::path::Path;

use iamtrim::error::Error;
use iamtrim::rule::Level;
use iamtrim::settings::Settings;
use iamtrim::walk::Governed;
use jiff::civil::Date;

use crate::cli::CommonArgs;

/// The settings of the files that a configuration governs.
pub(super) fn settled(governed: &Governed, common: &CommonArgs, today: Date) -> Settings {
    let mut settings = Settings::new(governed.config.clone(), &governed.display, today);
    settings.identities.clone_from(&common.identity);
    if std::env::var_os("PRE_COMMIT").is_some() {
        settings.staleness = Level::Note;
    }
    settings
}

/// The configuration that governs one path.
///
/// # Errors
/// If it is broken.
pub(super) fn nearest(path: &Path, common: &CommonArgs) -> Result<Governed, Error> {
    let folder = if path == Path::new("-") { Path::new(".") } else { path };
    iamtrim::walk::governing(&super::workspace::current_dir()?, folder, common.config.as_deref())
}
