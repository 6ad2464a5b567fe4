//! New text for a file: all of it or none of it.

#![expect(clippy::disallowed_methods, reason = "the only place where files of the user are written")]

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Why a file was not replaced. It is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It is no longer what was read.
    #[error("the file changed while this ran; nothing was written to it")]
    Changed,
    /// Its name is now that of a link, pipe or folder.
    #[error("not a regular file; nothing was written to it")]
    NotRegular,
    /// The operating system refused.
    #[error("cannot {doing}: {}", super::tree::reason(source))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
}

/// Replaces the text of a file, which must still hold `expected_old`, with `new`.
///
/// Whoever reads the file meanwhile sees the old text or the new text. Its permissions stay. A name that has become a
/// link is not written through.
pub fn replace(path: &Path, expected_old: &[u8], new: &[u8]) -> Result<(), WriteError> {
    let doing = |doing| move |source| WriteError::Io { doing, source };
    let folder = folder_of(path);
    let permissions = unchanged(path, expected_old)?.permissions();
    let mut beside = named_beside().tempfile_in(folder).map_err(doing("create a temporary file beside it"))?;
    beside.write_all(new).map_err(doing("write a temporary file beside it"))?;
    beside.as_file().set_permissions(permissions).map_err(doing("set the permissions of a temporary file"))?;
    beside.as_file().sync_all().map_err(doing("write a temporary file beside it"))?;
    // Again, so that the time in which a change would be lost is as short as can be.
    unchanged(path, expected_old)?;
    beside.persist(path).map_err(|error| error.error).map_err(doing("put the new file in its place"))?;
    sync_folder(folder);
    Ok(())
}

/// Writes a file of the program's own, such as a report or a baseline; one of that name is replaced, as a whole or not at
/// all. What is reached by a link or has several names is written in place, since others may have it open, as with
/// `/dev/stdout`; a device or a pipe takes the text as it is.
pub fn create(path: &Path, new: &[u8]) -> io::Result<()> {
    let old = match fs::symlink_metadata(path) {
        Ok(metadata) if may_be_replaced(&metadata) => Some(metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        _ => return fs::write(path, new),
    };
    let mut builder = named_beside();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // A folder that takes no new files may still have this one.
    let Ok(mut beside) = builder.tempfile_in(folder_of(path)) else { return fs::write(path, new) };
    beside.write_all(new)?;
    if let Some(permissions) = old {
        beside.as_file().set_permissions(permissions)?;
    }
    beside.persist(path).map(drop).map_err(|error| error.error)
}

/// Whether a new file can take the place of one, and nothing else than its text is other then.
fn may_be_replaced(old: &fs::Metadata) -> bool {
    #[cfg(unix)]
    let has_one_name = std::os::unix::fs::MetadataExt::nlink(old) == 1;
    #[cfg(not(unix))]
    let has_one_name = true;
    old.is_file() && !old.permissions().readonly() && has_one_name
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A short name of its own, since the file's may already be as long as a name can be.
fn named_beside() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".iamtrim-");
    builder
}

/// Writes a file that is not there yet; a name that is taken, if only by a link to nothing, is an error.
pub fn create_new(path: &Path, new: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(new)
}

fn unchanged(path: &Path, expected: &[u8]) -> Result<fs::Metadata, WriteError> {
    let reading = |source| WriteError::Io { doing: "read it again", source };
    let metadata = fs::symlink_metadata(path).map_err(reading)?;
    if !metadata.is_file() {
        return Err(WriteError::NotRegular);
    }
    let same = metadata.len() == expected.len() as u64 && fs::read(path).map_err(reading)? == expected;
    if same { Ok(metadata) } else { Err(WriteError::Changed) }
}

/// Makes the new name last. Some file systems cannot, and the file is replaced all the same.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        fs::write(&path, "old").unwrap();
        replace(&path, b"old", "new, and longer".as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new, and longer");
        assert_eq!(names(folder.path()), ["policy.json"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_of_our_own_is_replaced_where_it_really_is() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("report.json"), folder.path().join("link.json"));
        create(&path, b"first").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o600, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("report.json", &link).unwrap();
        create(&link, b"second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let other = folder.path().join("other-name");
        fs::hard_link(&path, &other).unwrap();
        create(&path, b"for both").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "for both");
        let dangling = folder.path().join("dangling");
        symlink("new.json", &dangling).unwrap();
        create(&dangling, b"third").unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("new.json")).unwrap(), "third");
        create(Path::new("/dev/null"), b"nobody").unwrap();
        assert!(create(&folder.path().join("none/report.json"), b"").is_err());
        assert_eq!(names(folder.path()), ["dangling", "link.json", "new.json", "other-name", "report.json"]);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        for changed in ["odl", "older", ""] {
            fs::write(&path, changed).unwrap();
            assert!(matches!(replace(&path, b"old", b"new"), Err(WriteError::Changed)));
            assert_eq!(fs::read_to_string(&path).unwrap(), changed);
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(replace(&path, b"old", b"new"), Err(WriteError::Io { .. })));
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_name_as_long_as_can_be_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n".repeat(255));
        fs::write(&path, "old").unwrap();
        replace(&path, b"old", b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    #[cfg(unix)]
    fn permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        for mode in [0o640, 0o755, 0o444, 0o600] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            replace(&path, b"old", b"new").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target.json"), folder.path().join("link.json"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(replace(&link, b"old", b"new"), Err(WriteError::NotRegular)));
        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        assert!(link.is_symlink());
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_takes_no_files_keeps_the_old_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        let root_writes_anyway = File::create(folder.path().join("probe")).is_ok();
        let result = replace(&path, b"old", b"new");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if root_writes_anyway {
            fs::remove_file(folder.path().join("probe")).unwrap();
        } else {
            assert!(matches!(result, Err(WriteError::Io { .. })));
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        }
        assert_eq!(names(folder.path()), ["policy.json"]);
    }
}
