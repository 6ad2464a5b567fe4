//! Exports, one after the other → what counts of each identity's findings.
//!
//! An export counts as a whole or, if it turns out to be broken, not at all.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::candidate::{Candidate, Reported, When};
use super::inventory::Inventory;
use super::names::Names;
use super::reading::{MAX_WARNINGS, Reading, Words};
use super::recommendation::Recommendation;
use super::stream::Stream;
use super::{Evidence, Export, IdentityEvidence, Permissions, ReadOptions, Selection, UnusedPermissions};
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// Reads exports one after the other and keeps what counts.
#[derive(Debug, Default)]
pub struct EvidenceBuilder {
    selection: Selection,
    identities: BTreeMap<IdentityArn, Candidate>,
    anonymous: Option<UnusedPermissions>,
    exports: Vec<Export>,
    recommendations: Vec<Recommendation>,
    inventory: Inventory,
    words: Words,
}

impl EvidenceBuilder {
    /// Keeps the findings of the selected identities.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self { selection, ..Self::default() }
    }

    /// Reads an export, gzip'd or not; `path` is what messages call it.
    ///
    /// # Errors
    /// If it cannot be read, is cut off, or holds no action names.
    pub fn read(&mut self, path: &str, input: impl Read, options: &ReadOptions<'_>) -> Result<(), Error> {
        let failed = |error: io::Error| Error::new("cannot read the findings").in_file(path).because(error);
        let (head, input) = peeked(input).map_err(failed)?;
        match head.as_slice() {
            [0x1f, 0x8b, ..] => {
                self.read_text(path, without_mark(MultiGzDecoder::new(input)).map_err(failed)?, options)
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Error::new("the findings are UTF-16, not UTF-8")
                .at(path, 1, 1)
                .help("PowerShell's `>` writes UTF-16: use `| Out-File -Encoding utf8`")),
            _ => self.read_text(path, without_mark(input).map_err(failed)?, options),
        }
    }

    fn read_text(&mut self, path: &str, input: impl Read, options: &ReadOptions<'_>) -> Result<(), Error> {
        let index = u32::try_from(self.exports.len()).unwrap_or(u32::MAX);
        let mut reading = Reading::new(path, index, options, &self.selection, &mut self.words);
        Stream::new(path, input).each(&mut |item| reading.take(item))?;
        let read = reading.finish()?;
        if let Some(bare) = read.bare {
            self.take_bare(bare, path, index, options)?;
        }
        if self.identities.is_empty() {
            self.identities = read.identities;
        } else {
            self.merge(read.identities);
        }
        self.recommendations.extend(read.recommendations);
        self.inventory.merge(read.inventory);
        self.exports.push(read.export);
        Ok(())
    }

    fn merge(&mut self, identities: BTreeMap<IdentityArn, Candidate>) {
        for (arn, candidate) in identities {
            match self.identities.entry(arn) {
                Entry::Vacant(place) => {
                    place.insert(candidate);
                }
                Entry::Occupied(mut known) => known.get_mut().merge(candidate),
            }
        }
    }

    /// Notes an export that could not be used.
    pub fn warn(&mut self, path: &str, warning: &str) {
        let warnings = vec![warning.to_owned()];
        self.exports.push(Export { path: path.to_owned(), findings: 0, analyzed_at: None, warnings });
    }

    /// What counts of all that was read.
    #[must_use]
    pub fn finish(self) -> Evidence {
        let identities: Vec<IdentityEvidence> = self.identities.into_values().map(Candidate::finish).collect();
        let mut exports = self.exports;
        for identity in &identities {
            note_missing_page(identity, &mut exports);
        }
        let inventory = self.inventory.indexed();
        let has_all_details =
            !inventory.is_empty() && identities.iter().all(|identity| inventory.covers(identity.arn.account()));
        Evidence {
            has_all_details,
            names: Names::new(identities.iter().map(|identity| &identity.arn)),
            identities,
            anonymous: self.anonymous,
            exports,
            recommendations: self.recommendations,
            inventory,
        }
    }

    fn take_bare(
        &mut self,
        bare: UnusedPermissions,
        path: &str,
        index: u32,
        options: &ReadOptions<'_>,
    ) -> Result<(), Error> {
        if let Some(arn) = options.about {
            if self.selection.keeps(arn) {
                let candidate = self.identities.entry(arn.clone()).or_insert_with(|| Candidate::new(arn.clone()));
                candidate.exports.insert(index);
                let when = When { analyzed_at: bare.analyzed_at, updated_at: None };
                candidate.permissions.take("", when, Reported::Usable(bare));
            }
            return Ok(());
        }
        if self.anonymous.is_some() {
            return Err(Error::new("two exports name no identity")
                .in_file(path)
                .help("say whom each is about: `findings: [{ path: FILE, identity: ARN }]` in `.iamtrim.yaml`"));
        }
        self.anonymous = Some(bare);
        Ok(())
    }
}

/// Warns of a list that goes on in a page which no export has.
fn note_missing_page(identity: &IdentityEvidence, exports: &mut [Export]) {
    let is_cut = matches!(&identity.permissions, Permissions::Usable(UnusedPermissions { truncated: true, .. }));
    let export = identity.exports.first().and_then(|&index| exports.get_mut(index as usize));
    if let Some(export) = export.filter(|export| is_cut && export.warnings.len() < MAX_WARNINGS) {
        export.warnings.push(format!("the list of `{}` goes on in a page that is missing", identity.arn));
    }
}

/// The first bytes of an input, and the input with them.
fn peeked(mut input: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    input.by_ref().take(4).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

/// The input without the byte order mark that it may begin with.
fn without_mark(input: impl Read) -> io::Result<impl Read> {
    let mut head = Vec::new();
    let mut input = BufReader::new(input);
    input.by_ref().take(3).read_to_end(&mut head)?;
    if head == b"\xef\xbb\xbf" {
        head.clear();
    }
    Ok(io::Cursor::new(head).chain(input))
}
