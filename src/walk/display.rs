//! How a path is shown: relative, with `/`, and always as text.
//!
//! A byte that is not UTF-8 is shown as `%XX`. So that no two names are shown alike, a `%` of the name itself is shown
//! as `%25` where what follows would make it look like such a byte, or like `%25`. Any other `%` stays.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use super::Root;

/// What paths are shown relative to.
pub(super) struct Display {
    home: Option<PathBuf>,
    current_dir: PathBuf,
}

impl Display {
    /// Paths in the git root that the user is in, or in the only one there is, are shown relative to it; all others
    /// relative to the current folder.
    pub(super) fn new(roots: &[Root], current_dir: &Path) -> Self {
        let git = || roots.iter().filter(|root| root.git);
        let around =
            git().filter(|root| current_dir.starts_with(&root.path)).max_by_key(|root| root.path.as_os_str().len());
        let only = if git().count() == 1 { git().next() } else { None };
        Self { home: around.or(only).map(|root| root.path.clone()), current_dir: current_dir.to_owned() }
    }

    /// The path to show for a real path.
    pub(super) fn of(&self, path: &Path) -> String {
        match &self.home {
            Some(home) if path.starts_with(home) => relative(home, path),
            _ => relative(&self.current_dir, path),
        }
    }
}

/// The way from a folder to a path, both absolute; `.` if they are the same.
pub(super) fn relative(from: &Path, to: &Path) -> String {
    // Nearly every path is plain and lies below; the rest of this function is for those that do not.
    if let Some(plain) = to.strip_prefix(from).ok().and_then(plain) {
        return plain.to_owned();
    }
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    for _ in from.components().skip(shared) {
        text.push_str(if text.is_empty() { ".." } else { "/.." });
    }
    for (index, component) in to.components().skip(shared).enumerate() {
        if index > 0 || !text.is_empty() {
            text.push('/');
        }
        if component != Component::RootDir {
            push_name(&mut text, component.as_os_str());
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// A path that is shown as it is.
fn plain(path: &Path) -> Option<&str> {
    let is_plain = |text: &&str| !text.is_empty() && !text.contains('%') && std::path::MAIN_SEPARATOR == '/';
    path.to_str().filter(is_plain)
}

/// Adds one name of a path.
pub(super) fn push_name(text: &mut String, name: &OsStr) {
    if let Some(plain) = plain(Path::new(name)) {
        return text.push_str(plain);
    }
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        push_valid(text, chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

fn push_valid(text: &mut String, valid: &str) {
    let mut rest = valid;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        text.push_str(if looks_escaped(after) { "%25" } else { "%" });
        rest = after;
    }
    text.push_str(rest);
}

/// Whether a `%` before this would read as one of ours: two capital hex digits from `80` on, or `25`.
fn looks_escaped(after: &str) -> bool {
    match after.as_bytes() {
        [b'2', b'5', ..] => true,
        [high, low, ..] => matches!(high, b'8' | b'9' | b'A'..=b'F') && matches!(low, b'0'..=b'9' | b'A'..=b'F'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn shown(name: &OsStr) -> String {
        let mut text = String::new();
        push_name(&mut text, name);
        text
    }

    #[test]
    fn paths_are_shown_from_a_folder() {
        let cases = [
            ("/repo", "/repo/infra/app.yaml", "infra/app.yaml"),
            ("/repo/infra", "/repo/policies/a.json", "../policies/a.json"),
            ("/repo", "/repo", "."),
            ("/repo/a", "/other/x", "../../other/x"),
            ("/", "/other/x", "other/x"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected);
        }
    }

    #[test]
    #[cfg(unix)]
    fn no_two_names_are_shown_alike() {
        use std::os::unix::ffi::OsStrExt as _;
        let cases: [(&[u8], &str); 9] = [
            (b"100%.json", "100%.json"),
            (b"a\xFFb", "a%FFb"),
            (b"a%FFb", "a%25FFb"),
            (b"a%25FFb", "a%2525FFb"),
            (b"a%7Fb", "a%7Fb"),
            (b"a%ffb", "a%ffb"),
            (b"%\xFF", "%%FF"),
            (b"\xE6\x97", "%E6%97"),
            ("日本.json".as_bytes(), "日本.json"),
        ];
        for (name, expected) in cases {
            assert_eq!(shown(OsStr::from_bytes(name)), expected);
        }
    }

    #[cfg(unix)]
    fn read_back(shown: &str) -> Vec<u8> {
        let mut pieces = shown.split('%');
        let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
        for after in pieces {
            let (hex, rest) = after.split_at_checked(2).filter(|_| looks_escaped(after)).unwrap_or(("", after));
            bytes.push(u8::from_str_radix(hex, 16).unwrap_or(b'%'));
            bytes.extend_from_slice(rest.as_bytes());
        }
        bytes
    }

    #[cfg(unix)]
    proptest::proptest! {
        #[test]
        fn what_is_shown_can_be_read_back(
            name in proptest::collection::vec(proptest::sample::select(b"%25F8Af\xFF\xC3\xA9".to_vec()), 0..12),
        ) {
            use std::os::unix::ffi::OsStrExt as _;
            proptest::prop_assert_eq!(read_back(&shown(OsStr::from_bytes(&name))), name);
        }
    }
}
