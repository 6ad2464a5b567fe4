//! A file that the command line names → its text, up to a size that none of its kind has.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The most that is read, in MiB: a device such as `/dev/zero` has no end.
const MOST: u64 = 64;

/// The text of a file, a pipe or what else a shell hands over.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST * 1024 * 1024 + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST * 1024 * 1024 {
        return Err(io::Error::other(format!("larger than {MOST} MiB")));
    }
    Ok(text)
}
