//! A listed file → its text, or why there is none. What cannot be ours is passed over before it costs anything.

#![expect(clippy::disallowed_methods, reason = "the walk is the shell's eyes")]

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use memchr::memchr;

use super::sniff::is_of_module;
use super::tree::reason;
use super::{WalkedFile, may_hold_policy};
use crate::syntax::detect::{self, Named};

/// The size above which a file is not read, in bytes.
pub const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// How much of a file must be free of NUL for it to be text; git looks as far.
const BINARY_HEAD: usize = 8 * 1024;

/// How much of a file that is too large is looked at.
const LARGE_HEAD: u64 = 64 * 1024;

/// How much of a file is looked at whose name does not say what it is: at once, as nearly all of them are not ours.
const FIRST_LOOK: usize = 2 * 1024;

/// A buffer above this many bytes is not kept for the next file.
const KEPT_BUFFER: usize = 1024 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Loaded {
    /// Its text, with the byte order mark if it has one. It may hold a policy.
    Text(String),
    /// It holds no policy.
    #[default]
    NotOurs,
    /// It may hold a policy, but cannot be read.
    Problem(Unreadable),
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Why.
    pub reason: String,
    /// What can be made out of its text, for the policies that it may speak of.
    pub shown: String,
}

impl From<String> for Unreadable {
    fn from(reason: String) -> Self {
        Self { reason, shown: String::new() }
    }
}

thread_local! {
    /// What files are read into, one after the other; only what is ours gets memory of its own.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reads a file that the walk listed, unless its name says that it cannot be ours and the user did not name it. Never
/// waits: only regular files are read.
#[must_use]
pub fn load(file: &WalkedFile) -> Loaded {
    let named = Named::of(&file.display);
    if named == Named::Foreign && !file.named {
        return Loaded::NotOurs;
    }
    let mut buffer = BUFFER.take();
    let loaded = load_into(file, named, &mut buffer);
    if buffer.capacity() <= KEPT_BUFFER {
        buffer.clear();
        BUFFER.set(buffer);
    }
    loaded
}

fn load_into(file: &WalkedFile, named: Named, bytes: &mut Vec<u8>) -> Loaded {
    match read_into(file, named, bytes) {
        Ok(Amount::Ruled) => Loaded::NotOurs,
        Ok(Amount::All) => text_of(bytes, is_of_module(&file.display)),
        Ok(Amount::Head) if memchr(0, bytes).is_some() => Loaded::NotOurs,
        Ok(Amount::Head) => Loaded::Problem(format!("larger than {} MiB", MAX_SIZE / 1024 / 1024).into()),
        Err(error) => Loaded::Problem(reason(&error).into()),
    }
}

/// How much of a file was read.
enum Amount {
    /// Its beginning, which rules out that it is ours.
    Ruled,
    All,
    /// The file is too large.
    Head,
}

fn read_into(listed: &WalkedFile, named: Named, bytes: &mut Vec<u8>) -> io::Result<Amount> {
    let mut file = open(&listed.path, listed.leaves_root)?;
    if named != Named::Ours && !is_of_module(&listed.display) {
        bytes.resize(FIRST_LOOK, 0);
        let read = file.read(bytes)?;
        bytes.truncate(read);
        if utf16_unit(bytes).is_none() && !detect::may_begin(valid(bytes)) {
            return Ok(Amount::Ruled);
        }
    }
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(not_regular());
    }
    if metadata.len() > MAX_SIZE {
        file.take(LARGE_HEAD).read_to_end(bytes)?;
        return Ok(Amount::Head);
    }
    read_rest(&mut file, metadata.len(), bytes)?;
    Ok(if bytes.len() as u64 > MAX_SIZE { Amount::Head } else { Amount::All })
}

/// Reads what is left of a file that says how long it is; those of /proc say they are empty.
fn read_rest(file: &mut File, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let end = if length == 0 { MAX_SIZE + 1 } else { length };
    let left = end.saturating_sub(bytes.len() as u64);
    if length > 0 {
        bytes.reserve(usize::try_from(left).unwrap_or_default());
    }
    file.take(left).read_to_end(bytes)?;
    Ok(())
}

/// Opens a file without waiting for anyone: a name can be replaced by one of a pipe at any time.
fn open(path: &Path, follow: bool) -> io::Result<File> {
    #[cfg(unix)]
    let opened = {
        use std::os::unix::fs::OpenOptionsExt as _;
        let follow = if follow { 0 } else { libc::O_NOFOLLOW };
        File::options().read(true).custom_flags(libc::O_NONBLOCK | follow).open(path)
    };
    #[cfg(not(unix))]
    let opened = File::open(path);
    opened.map_err(|error| {
        let metadata = if follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
        if metadata.is_ok_and(|metadata| !metadata.is_file()) { not_regular() } else { error }
    })
}

fn not_regular() -> io::Error {
    io::Error::other("not a regular file")
}

/// The text that some bytes begin with.
fn valid(bytes: &[u8]) -> &str {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.valid_up_to(),
    };
    bytes.get(..valid).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

fn text_of(bytes: &[u8], is_wanted: bool) -> Loaded {
    if let Some(unit) = utf16_unit(bytes) {
        let units = bytes.as_chunks().0.iter().map(|pair| unit(*pair));
        let shown: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        let is_ours = may_hold_policy(shown.as_bytes());
        let problem = Unreadable { reason: "UTF-16, not UTF-8".to_owned(), shown };
        return if is_ours { Loaded::Problem(problem) } else { Loaded::NotOurs };
    }
    let head = bytes.get(..BINARY_HEAD).unwrap_or(bytes);
    if memchr(0, head).is_some() || !(is_wanted || may_hold_policy(bytes)) {
        return Loaded::NotOurs;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Loaded::Text(text.to_owned()),
        Err(error) => Loaded::Problem(Unreadable {
            reason: not_utf8(bytes, error.valid_up_to()),
            shown: String::from_utf8_lossy(bytes).into_owned(),
        }),
    }
}

/// How a file that begins with UTF-16's byte order mark writes one unit.
fn utf16_unit(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

fn not_utf8(bytes: &[u8], offset: usize) -> String {
    let before = bytes.get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    format!("not UTF-8 at byte {offset}, line {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

    fn loaded(bytes: &[u8]) -> Loaded {
        text_of(bytes, false)
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
        let shown = format!("{POLICY}\n\u{fffd}");
        assert_eq!(loaded(&latin1), Loaded::Problem(Unreadable { reason: place, shown }));
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let problem = Unreadable { reason: "UTF-16, not UTF-8".to_owned(), shown: format!("\u{feff}{POLICY}") };
            assert_eq!(loaded(&utf16(unit, POLICY)), Loaded::Problem(problem));
            assert_eq!(loaded(&utf16(unit, "{}")), Loaded::NotOurs);
        }
    }

    #[test]
    fn a_nul_far_into_the_text_is_left_to_the_parser() {
        let far = format!("{POLICY}{}\0", " ".repeat(BINARY_HEAD));
        assert_eq!(loaded(far.as_bytes()), Loaded::Text(far.clone()));
    }
}
