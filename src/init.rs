//! What the repository and its findings leave open → the text of a first configuration, for people to go on from.
//!
//! What is only likely is written as a comment: nothing is bound that nobody said. Does not know files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::attribution::Owner;
use crate::candidates::{self, Ownerless};
use crate::check::Checked;
use crate::config::Glob;
use crate::finding::{EXPORT_COMMANDS, Evidence, IdentityEvidence};
use crate::judge::Judgement;
use crate::policy::arn::{IdentityArn, IdentityKind};
use crate::report::json;
use crate::source::Sources;
use crate::template::{Document, IdentityName};

/// How many bindings are proposed.
const MAX_BINDINGS: usize = 100;

/// Among how many identities the nearest to a policy is looked for.
const MAX_IDENTITIES: usize = 2_000;

/// How many identities of one policy are proposed.
const MAX_PROPOSED: usize = 8;

/// A first configuration.
#[derive(Debug)]
pub struct Proposal {
    /// The file.
    pub text: String,
    /// How many accounts the findings speak of.
    pub accounts: usize,
    /// How many policies belong to nobody for certain.
    pub open: usize,
}

/// A policy that belongs to nobody for certain, and whose it may be.
struct Open {
    policy: String,
    identities: Vec<String>,
    why: String,
}

/// The configuration for a repository; `findings` are its exports, as paths relative to it.
#[must_use]
pub fn configuration(findings: &[String], checked: &Checked<'_>, sources: &Sources, evidence: &Evidence) -> Proposal {
    let accounts: BTreeSet<&str> = evidence.identities.iter().map(|identity| identity.arn.account()).collect();
    let stacks = stacks(checked, sources);
    let open = open(checked, sources, evidence, &stacks);
    let mut text = String::from(
        "# What iamtrim is to know of this repository. Paths are relative to this file.\n\
         # What begins with `# ` before a key is a proposal: look at it, and take the sign away if it is right.\n",
    );
    push_findings(&mut text, findings);
    push_accounts(&mut text, &accounts);
    push_stacks(&mut text, &stacks);
    push_bindings(&mut text, &open);
    Proposal { text, accounts: accounts.len(), open: open.len() }
}

fn push(text: &mut String, lines: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{lines}");
}

fn push_findings(text: &mut String, findings: &[String]) {
    push(text, "\n# The exports of IAM Access Analyzer to read: files, folders or globs.");
    if findings.is_empty() {
        push(text, &format!("# {EXPORT_COMMANDS}"));
        push(text, "# findings: [security/findings]");
    } else {
        push(text, &format!("findings: [{}]", list(findings)));
    }
}

fn push_accounts(text: &mut String, accounts: &BTreeSet<&str>) {
    if accounts.is_empty() {
        return;
    }
    let all = accounts.iter().map(|account| format!("\"{account}\"")).collect::<Vec<_>>().join(", ");
    push(
        text,
        "\n# Where what is written here is deployed. A fix by name is safe only with a finding for each of these.",
    );
    push(text, "# The findings speak of these accounts:");
    push(text, &format!("# accounts: {{ \"**\": [{all}] }}"));
}

fn push_stacks(text: &mut String, stacks: &BTreeMap<String, BTreeSet<String>>) {
    if stacks.is_empty() {
        return;
    }
    push(text, "\n# Under which names templates are deployed, which tells whose the roles are that they do not name.");
    push(text, "# Roles of these stacks are in the findings:");
    push(text, "# stacks:");
    for (path, names) in stacks {
        let names: Vec<String> = names.iter().cloned().collect();
        push(text, &format!("#   {}: [{}]", quoted(path), list(&names)));
    }
}

fn push_bindings(text: &mut String, open: &[Open]) {
    if open.is_empty() {
        return;
    }
    push(text, "\n# Whose a policy is, where neither it nor a template says so.");
    push(text, "# bindings:");
    for Open { policy, identities, why } in open.iter().take(MAX_BINDINGS) {
        push(text, &format!("#   - policy: {}", quoted(policy)));
        push(text, &format!("#     identities: [{}] # {why}", list(identities)));
    }
    if let Some(more) = open.len().checked_sub(MAX_BINDINGS).filter(|more| *more > 0) {
        push(text, &format!("# And {more} more: `iamtrim policies` lists them."));
    }
}

fn list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// A text as YAML has it in a flow: as it is, if nothing in it means anything.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let begins_plain = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins_plain && text.chars().all(is_plain) { text.to_owned() } else { json::inert(&text).trim_end().to_owned() }
}

/// The stacks that roles in the findings are of, by the path of the template that they are guessed to come from.
fn stacks(checked: &Checked<'_>, sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    let mut stacks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, document, judgement) in documents(checked, sources) {
        for attachment in &document.attachments {
            let IdentityName::Generated(logical_id) = &attachment.name else { continue };
            let end = format!("-{logical_id}");
            let guessed = judgement.owners.iter().filter(|owner| is_guess(owner));
            let names = guessed.filter_map(|owner| owner.name().rsplit_once('-')?.0.strip_suffix(&end));
            let names: Vec<String> = names.map(str::to_owned).collect();
            if !names.is_empty() {
                stacks.entry(Glob::escaped(path)).or_default().extend(names);
            }
        }
    }
    stacks
}

/// The documents that could be edited, with the paths of their files.
fn documents<'a, 'e>(
    checked: &'a Checked<'e>,
    sources: &'a Sources,
) -> impl Iterator<Item = (&'a str, &'a Document, &'a Judgement<'e>)> {
    let files = checked.files.iter().filter_map(|file| Some((sources.get(file.id)?, file)));
    let files = files.filter(|(source, _)| source.read_only.is_none());
    let all = files.flat_map(|(source, file)| {
        let documents = file.reading.documents.iter().zip(&file.judgements);
        documents.map(move |(document, judgement)| (source.path.as_str(), document, judgement))
    });
    all.filter(|(_, document, _)| document.read_only.is_none())
}

fn is_guess(owner: &Owner<'_>) -> bool {
    owner.certainty.is_guess() && IdentityArn::parse(&owner.identity).is_some()
}

/// The policies that belong to nobody for certain, but for those that the name of a stack settles.
fn open(
    checked: &Checked<'_>,
    sources: &Sources,
    evidence: &Evidence,
    stacks: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<Open> {
    let owners = checked.files.iter().flat_map(|file| &file.judgements).flat_map(|judgement| &judgement.owners);
    let owned: BTreeSet<String> = owners.map(|owner| owner.identity.to_ascii_lowercase()).collect();
    let unowned = evidence.identities.iter().filter(|e| !owned.contains(&e.arn.as_str().to_ascii_lowercase()));
    let unowned: Vec<&IdentityEvidence> = unowned.take(MAX_IDENTITIES).collect();
    let unsettled = documents(checked, sources).filter(|(path, document, judgement)| {
        let is_of_stack = document.attachments.iter().any(|a| matches!(a.name, IdentityName::Generated(_)));
        is_open(document, judgement) && !(is_of_stack && stacks.contains_key(&Glob::escaped(path)))
    });
    unsettled
        .enumerate()
        .map(|(index, (path, document, judgement))| {
            let candidates = if index < MAX_BINDINGS { unowned.as_slice() } else { &[] };
            proposed(path, document, judgement, candidates)
        })
        .collect()
}

/// Whether only a person can say whose a policy is. A group's members are not for a binding to say.
fn is_open(document: &Document, judgement: &Judgement<'_>) -> bool {
    let is_nameless = document
        .attachments
        .iter()
        .any(|attachment| attachment.kind != IdentityKind::Group && attachment.name == IdentityName::Unknown);
    let is_known = |owner: &Owner<'_>| !owner.certainty.is_guess();
    judgement.owners.iter().all(|owner| !is_known(owner)) || is_nameless
}

fn proposed(path: &str, document: &Document, judgement: &Judgement<'_>, unowned: &[&IdentityEvidence]) -> Open {
    let address = document.address();
    let address = if address.is_empty() { String::new() } else { format!("#{address}") };
    let policy = format!("{}{address}", Glob::escaped(path));
    let guessed: Vec<String> =
        judgement.owners.iter().filter(|owner| is_guess(owner)).map(|owner| owner.identity.clone()).collect();
    if !guessed.is_empty() {
        let why = if document.attachments.is_empty() { "by its path" } else { "by what is known of its name" };
        let identities = guessed.into_iter().take(MAX_PROPOSED).collect();
        return Open { policy, identities, why: why.to_owned() };
    }
    let named = judgement.owners.iter().map(Owner::name);
    match candidates::nearest_identity(&Ownerless::new(path, document, named), unowned) {
        Some((identity, likeness)) => Open {
            policy,
            identities: vec![identity.arn.to_string()],
            why: format!("one {}", likeness.words_of_identity()),
        },
        None => Open { policy, identities: Vec::new(), why: "no identity of the findings is like it".to_owned() },
    }
}
