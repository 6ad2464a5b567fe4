//! The names of files that Terraform's files write anywhere else than where they read one, and other files do at all.
//!
//! A path may be put together, handed over and read far away, so that any mention of a file's name may be a use of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::module::folder;

/// Functions of which it is known what becomes of the file that is named directly.
const FOLLOWED: [&str; 10] = [
    "file",
    "templatefile",
    "filebase64",
    "fileexists",
    "filemd5",
    "filesha1",
    "filesha256",
    "filesha512",
    "filebase64sha256",
    "filebase64sha512",
];

/// How many names that are no single word are looked for; of more, any may be written.
const MAX_ODD: usize = 64;

/// The names of the files that policies are in, in lower case.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: BTreeSet<String>,
    /// Those with characters that end a word.
    odd: Vec<String>,
    /// Whether all of them have an ending.
    have_dots: bool,
}

impl Names {
    /// The names at the ends of paths.
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let all: BTreeSet<String> = paths.map(name).collect();
        let odd = all.iter().filter(|name| is_odd(name)).cloned().collect();
        let have_dots = all.iter().all(|name| name.contains('.'));
        Self { all, odd, have_dots }
    }
}

fn is_odd(name: &str) -> bool {
    name.contains(|c| ends_word(c) || is_hole(c))
}

/// Names or ends of names in lower case, each with the paths of folders that are written before it.
type Places = BTreeMap<String, BTreeSet<String>>;

/// All that is written of the names of files.
#[derive(Debug, Default)]
pub(super) struct Written {
    whole: Places,
    /// How names end that begin with a hole.
    ends: Places,
    /// Whether any name may be written that is no single word.
    any_odd: bool,
}

impl Written {
    pub(super) fn extend(&mut self, other: Self) {
        for (places, others) in [(&mut self.whole, other.whole), (&mut self.ends, other.ends)] {
            for (name, folders) in others {
                places.entry(name).or_default().extend(folders);
            }
        }
        self.any_odd |= other.any_odd;
    }

    /// Notes the names of files in a text, of those that there are; where they `are_followed`, without those that a
    /// function takes directly.
    pub(super) fn note(&mut self, text: &str, names: &Names, are_followed: bool) {
        if names.all.is_empty() {
            return;
        }
        for (offset, path) in paths(text) {
            // Most words are none, and this is cheap.
            if names.have_dots && !path.contains(|c| c == '.' || is_hole(c)) {
                continue;
            }
            let path = path.trim_end_matches('.');
            let name = path.rsplit('/').next().unwrap_or_default();
            let end = lower(end_of(name));
            let is_whole = end.len() == name.len();
            let is_one = if is_whole { names.all.contains(&*end) } else { end.contains(char::is_alphanumeric) };
            let is_followed = || are_followed && text.get(..offset).is_some_and(ends_in_followed);
            if is_one && !is_followed() {
                let into = if is_whole { &mut self.whole } else { &mut self.ends };
                into.entry(end.into_owned()).or_default().insert(folders_before(path));
            }
        }
        self.any_odd |= names.odd.len() > MAX_ODD;
        if !names.odd.is_empty() && !self.any_odd {
            let text = text.to_ascii_lowercase();
            let found = names.odd.iter().filter(|name| text.contains(name.as_str()));
            for name in found {
                self.whole.entry(name.clone()).or_default().insert(String::new());
            }
        }
    }

    /// Whether a file may be meant; by an ending alone only if it `may_be_any` that is read.
    pub(super) fn has(&self, path: &str, may_be_any: bool) -> bool {
        let path = path.to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or_default();
        let folders = innermost_first(folder(&path).rsplit('/').filter(|part| !part.is_empty()));
        let is_at = |places: &Places, name: &str| places.get(name).is_some_and(|written| do_fit(written, &folders));
        let mut ends = name.char_indices().filter_map(|(at, _)| name.get(at..));
        (self.any_odd && is_odd(name))
            || is_at(&self.whole, name)
            || ends.any(|end| (may_be_any || !end.starts_with('.')) && is_at(&self.ends, end))
    }
}

/// The words of a text that may be paths, with the offset of each: holes are part of them.
fn paths(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive(ends_word).filter_map(move |word| {
        let at = offset;
        offset += word.len();
        let word = word.trim_end_matches(ends_word);
        (!word.is_empty()).then_some((at, word))
    })
}

/// In lower case; most words are, and need no copy.
fn lower(word: &str) -> Cow<'_, str> {
    match word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(word.to_ascii_lowercase()),
        false => Cow::Borrowed(word),
    }
}

fn ends_word(c: char) -> bool {
    !(c.is_alphanumeric() || "_-.+=@~#%$*?/{}".contains(c))
}

/// Whether something stands for what is not written.
fn is_hole(c: char) -> bool {
    matches!(c, '$' | '{' | '}' | '%' | '*' | '?')
}

/// What follows the last hole in a name, and the verb that a hole of a format begins with.
fn end_of(name: &str) -> &str {
    let end = name.rsplit(is_hole).next().unwrap_or_default();
    let is_verb = name.strip_suffix(end).is_some_and(|before| before.ends_with('%'));
    let after = end.trim_start_matches(|c: char| !c.is_alphabetic());
    after.get(1..).filter(|_| is_verb).unwrap_or(end)
}

/// The last folders of a path that are written whole, in lower case.
fn folders_before(path: &str) -> String {
    let is_whole = |part: &&str| !part.is_empty() && !part.contains(is_hole) && !matches!(*part, "." | "..");
    innermost_first(folder(path).rsplit('/').take_while(is_whole)).to_ascii_lowercase()
}

/// A path of folders as it is kept: what is below others sorts beside them, `policies/app/` for `app/policies`.
fn innermost_first<'p>(folders: impl Iterator<Item = &'p str>) -> String {
    folders.flat_map(|folder| [folder, "/"]).collect()
}

/// Whether a path of folders ends with one of those that are written, or one of them with it.
fn do_fit(written: &BTreeSet<String>, folders: &str) -> bool {
    let ends = folders.match_indices('/').filter_map(|(at, _)| folders.get(..=at));
    let mut longer = written.range::<str, _>((Bound::Included(folders), Bound::Unbounded));
    longer.next().is_some_and(|longer| longer.starts_with(folders))
        || std::iter::once("").chain(ends).any(|end| written.contains(end))
}

/// Whether a text ends where such a function takes the name of a file.
fn ends_in_followed(before: &str) -> bool {
    let before = before.trim_end_matches('"').trim_end_matches('\\').trim_end();
    let Some(before) = before.strip_suffix('(') else { return false };
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':');
    FOLLOWED.contains(&before.trim_end().rsplit(|c| !is_word(c)).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_is_written() {
        let names = Names::of(["m/x.json", "a b/my policy.json"].into_iter());
        let cases = [
            (r#""${path.module}/x.json""#, true, true),
            (r#""../m/x.json""#, true, true),
            (r#"file(abspath("../m/x.json"))"#, true, true),
            (r#"{\"f\": \"m\/X.json\"}"#, true, true),
            ("aws iam --policy-document file://m/x.json.", true, true),
            ("${file(m/x.json):Statement}", false, true),
            (r#""/src/repository/m/x.json""#, true, true),
            (r#""n/x.json""#, false, false),
            (r#""prefix-x.json""#, false, false),
            (r#""x.jsonc""#, false, false),
            (r#"file("${path.module}/x.json")"#, false, true),
            (r#"filemd5( "m/x.json" )"#, false, true),
            (r#""m/${each.key}.json""#, true, true),
            (r#"format("%s/%02d.json", "m", 1)"#, true, true),
            (r#""n/*.json""#, false, false),
            (r#""${var.prefix}x.json""#, true, true),
            (r#""${aws_s3_bucket.b.arn}/*""#, false, false),
        ];
        for (text, expected, otherwise) in cases {
            for (are_followed, expected) in [(true, expected), (false, otherwise)] {
                let mut written = Written::default();
                written.note(text, &names, are_followed);
                assert_eq!(written.has("m/x.json", true), expected, "{text} {are_followed}");
            }
        }
        let mut written = Written::default();
        written.note("f = \"my policy.json\" g = \"*.json\"", &names, true);
        assert!(written.has("a b/my policy.json", false));
        assert!(written.has("m/x.json", true) && !written.has("m/x.json", false));
        let many: Vec<String> = (0..=MAX_ODD).map(|number| format!("a {number}.json")).collect();
        let mut written = Written::default();
        written.note("", &Names::of(many.iter().map(String::as_str)), true);
        assert!(written.has("m/a 7.json", false) && !written.has("m/x.json", false));
    }
}
