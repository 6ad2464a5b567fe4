//! What an identity is granted anywhere in the repository: the policies that belong to the same identity.
//!
//! An action that two of them grant is gone only if it goes from both. Knows owners. Does not know wording or edits.

use std::collections::HashMap;

use crate::fix::{self, Judged};
use crate::source::FileId;
use crate::template::PRINTED_BY_AWS;

/// Of how many other policies of an identity is told at most: no one has more than a few, unless by mistake.
const MAX_BESIDE: usize = 64;

/// All judged files, with the documents of each identity.
#[derive(Debug)]
pub struct Grants<'a, 'e> {
    files: Vec<Judged<'a, 'e>>,
    /// Indexes of file and document, by the identity's ARN or name in lower case.
    by_identity: HashMap<String, Vec<(usize, usize)>>,
}

/// A document of a judged file.
#[derive(Debug, Clone, Copy)]
pub struct Granting<'g, 'a, 'e> {
    /// The file.
    pub judged: &'g Judged<'a, 'e>,
    /// Which of its documents.
    pub document: usize,
}

impl<'a, 'e> Grants<'a, 'e> {
    /// Takes the files in order of their paths.
    #[must_use]
    pub fn new(files: Vec<Judged<'a, 'e>>) -> Self {
        let mut by_identity: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (file, judged) in files.iter().enumerate() {
            for (document, judgement) in judged.judgements.iter().enumerate() {
                // A copy grants nothing beyond what it is a copy of.
                let read = judged.reading.documents.get(document);
                if read.is_none_or(|read| read.read_only == Some(PRINTED_BY_AWS)) {
                    continue;
                }
                for owner in judgement.owners.iter().filter(|owner| !owner.identity.is_empty()) {
                    let documents = by_identity.entry(owner.identity.to_ascii_lowercase()).or_default();
                    documents.push((file, document));
                }
            }
        }
        Self { files, by_identity }
    }

    /// How many characters the inline policies of an identity take in all files but one, at the most that fixes make of
    /// them.
    #[must_use]
    pub fn inline_beyond(&self, identity: &str, file: FileId) -> usize {
        let documents = self.by_identity.get(&identity.to_ascii_lowercase()).into_iter().flatten();
        let beyond = documents.filter_map(|(index, document)| Some((self.files.get(*index)?, *document)));
        let beyond = beyond.filter(|(judged, _)| judged.id != file);
        beyond.filter_map(|(judged, document)| fix::inline_size(judged, document)).sum()
    }

    /// The other documents that belong to one of the owners of this one, in order of path and place, each once; the
    /// first of them, if there are very many.
    #[must_use]
    pub fn beside(&self, judged: &Judged<'_, '_>, document: usize) -> Vec<Granting<'_, 'a, 'e>> {
        let owners = judged.judgements.get(document).map_or(&[][..], |judgement| &judgement.owners);
        let mut found: Vec<(usize, usize)> = owners
            .iter()
            .filter_map(|owner| self.by_identity.get(&owner.identity.to_ascii_lowercase()))
            .flat_map(|documents| documents.iter().take(MAX_BESIDE))
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found.truncate(MAX_BESIDE);
        let others = found.into_iter().filter_map(|(file, document)| Some((self.files.get(file)?, document)));
        others
            .filter(|(other, index)| (other.id, *index) != (judged.id, document))
            .map(|(judged, document)| Granting { judged, document })
            .collect()
    }
}
