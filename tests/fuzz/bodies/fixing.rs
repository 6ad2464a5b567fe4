//! Any text of a repository, checked and fixed: the laws hold for what is written, or nothing is written.

use std::sync::LazyLock;

use iamtrim::catalog::Catalog;
use iamtrim::check::{Checked, check};
use iamtrim::fix;
use iamtrim::refine::safety::Applicability;
use iamtrim::settings::Scope;
use iamtrim::source::{SourceFile, Sources};

use super::oracle::Catalogue;
use super::{evidence, file_name, lessened, reporting};

static SCOPES: LazyLock<[Scope; 2]> = LazyLock::new(evidence::scopes);
static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

/// The first byte chooses the name of the file.
pub(crate) fn fix_any(data: &[u8]) {
    let Some((&selector, bytes)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for scope in 0..SCOPES.len() {
        let (sources, checked) = checked(file_name(selector), text, scope);
        reporting::all_formats(&checked.report, &sources, &CATALOG);
        for threshold in [Applicability::Safe, Applicability::Unsafe, Applicability::DisplayOnly] {
            fixed(file_name(selector), text, scope, (&sources, &checked), threshold);
        }
    }
}

fn checked(name: &str, text: &str, scope: usize) -> (Sources, Checked<'static>) {
    let mut file = SourceFile::new(name, text);
    file.scope = scope;
    let sources = Sources::new(vec![file]);
    let checked = check(&sources, SCOPES.as_slice(), &CATALOG);
    (sources, checked)
}

fn fixed(name: &str, text: &str, scope: usize, (sources, checked): (&Sources, &Checked<'_>), threshold: Applicability) {
    let Some(file) = checked.files.first() else { return };
    let judged = file.judged(&sources.files()[0]);
    let Ok(Some(rewritten)) = fix::rewritten(&judged, &file.fixes, threshold) else { return };
    let after = &rewritten.text;
    let why = if name.ends_with(".tf") {
        lessened::difference_of_words(text, after, &CATALOGUE)
    } else {
        let [old, new] = [text, after].map(lessened::value_of);
        let (Some(old), Some(new)) = (old, new) else { panic!("another reader cannot read it:\n{text}\n---\n{after}") };
        lessened::difference(&old, &new, &CATALOGUE)
    };
    assert_eq!(why, None, "\n{text}\n---\n{after}");
    let (sources, checked) = self::checked(name, after, scope);
    let Some(file) = checked.files.first() else { panic!("nothing is left:\n{text}\n---\n{after}") };
    let again = fix::rewritten(&file.judged(&sources.files()[0]), &file.fixes, threshold);
    assert!(matches!(again, Ok(None)), "not final: {again:?}\n{text}\n---\n{after}");
}
