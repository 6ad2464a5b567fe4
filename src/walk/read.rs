//! A listed file → its text, or why there is none. What cannot be ours is passed over before it costs anything.

#![expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use memchr::{memchr, memmem};

use super::sniff::is_of_module;
use super::tree::reason;
use super::{WalkedFile, may_hold_policy};

/// The size above which a file is not read, in bytes.
pub const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// How much of a file must be free of NUL for it to be text; git looks as far.
const BINARY_HEAD: usize = 8 * 1024;

/// How much of a file that is too large is looked at.
const LARGE_HEAD: u64 = 64 * 1024;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// Its text, with the byte order mark if it has one. It may hold a policy.
    Text(String),
    /// It holds no policy.
    NotOurs,
    /// It may hold a policy, but cannot be read, and why.
    Problem(String),
}

/// Reads a file that the walk listed. Never waits: only regular files are opened.
#[must_use]
pub fn load(file: &WalkedFile) -> Loaded {
    match bytes_of(&file.path, file.leaves_root) {
        Ok(Bytes::All(bytes)) => text_of(bytes, is_of_module(&file.display)),
        Ok(Bytes::Head(head)) if memchr(0, &head).is_some() => Loaded::NotOurs,
        Ok(Bytes::Head(_)) => Loaded::Problem(format!("larger than {} MiB", MAX_SIZE / 1024 / 1024)),
        Err(error) => Loaded::Problem(reason(&error)),
    }
}

enum Bytes {
    All(Vec<u8>),
    /// The file is too large.
    Head(Vec<u8>),
}

fn bytes_of(path: &Path, follow: bool) -> io::Result<Bytes> {
    // Asked before opening, for opening a named pipe waits for a writer; and again after, for names can be replaced.
    let before = if follow { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
    if !before.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    if metadata.len() > MAX_SIZE {
        file.take(LARGE_HEAD).read_to_end(&mut bytes)?;
        return Ok(Bytes::Head(bytes));
    }
    // A file that says it is small can go on: those of /proc say they are empty.
    bytes.reserve(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > MAX_SIZE { Bytes::Head(bytes) } else { Bytes::All(bytes) })
}

fn text_of(bytes: Vec<u8>, is_wanted: bool) -> Loaded {
    if let Some(unit) = utf16_unit(&bytes) {
        let word: Vec<u8> = "Statement".encode_utf16().flat_map(unit).collect();
        let found = memmem::find(&bytes, &word).is_some();
        return if found { Loaded::Problem("UTF-16, not UTF-8".to_owned()) } else { Loaded::NotOurs };
    }
    let head = bytes.get(..BINARY_HEAD).unwrap_or(&bytes);
    if memchr(0, head).is_some() || !(is_wanted || may_hold_policy(&bytes)) {
        return Loaded::NotOurs;
    }
    String::from_utf8(bytes).map_or_else(|error| Loaded::Problem(not_utf8(&error)), Loaded::Text)
}

/// How a file that begins with UTF-16's byte order mark writes one unit.
fn utf16_unit(bytes: &[u8]) -> Option<fn(u16) -> [u8; 2]> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(u16::to_le_bytes),
        [0xFE, 0xFF, ..] => Some(u16::to_be_bytes),
        _ => None,
    }
}

fn not_utf8(error: &std::string::FromUtf8Error) -> String {
    let offset = error.utf8_error().valid_up_to();
    let before = error.as_bytes().get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    format!("not UTF-8 at byte {offset}, line {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

    fn loaded(bytes: &[u8]) -> Loaded {
        text_of(bytes.to_vec(), false)
    }

    #[test]
    fn bytes_are_text_or_not_ours_or_a_problem() {
        let utf16 = |unit: fn(u16) -> [u8; 2], text: &str| {
            format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect::<Vec<u8>>()
        };
        assert_eq!(loaded(POLICY.as_bytes()), Loaded::Text(POLICY.to_owned()));
        let with_mark = format!("\u{feff}{POLICY}");
        assert_eq!(loaded(with_mark.as_bytes()), Loaded::Text(with_mark.clone()));
        assert_eq!(loaded(b""), Loaded::NotOurs);
        assert_eq!(loaded(b"{}"), Loaded::NotOurs);
        assert_eq!(loaded(format!("\0{POLICY}").as_bytes()), Loaded::NotOurs);
        assert_eq!(loaded(b"caf\xE9"), Loaded::NotOurs);
        let latin1 = [POLICY.as_bytes(), b"\n\xE9"].concat();
        let place = format!("not UTF-8 at byte {}, line 2", POLICY.len() + 1);
        assert_eq!(loaded(&latin1), Loaded::Problem(place));
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(loaded(&utf16(unit, POLICY)), Loaded::Problem("UTF-16, not UTF-8".to_owned()));
            assert_eq!(loaded(&utf16(unit, "{}")), Loaded::NotOurs);
        }
    }

    #[test]
    fn a_nul_far_into_the_text_is_left_to_the_parser() {
        let far = format!("{POLICY}{}\0", " ".repeat(BINARY_HEAD));
        assert_eq!(loaded(far.as_bytes()), Loaded::Text(far.clone()));
    }
}
