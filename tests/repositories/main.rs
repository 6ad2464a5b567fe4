//! Whose policy is this? The laws of the answer, over made-up repositories in every notation.
//!
//! Roles, accounts, attachments and findings are drawn; writers and oracle share no code with the program.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may fail, and its oracle is written for reading"
)]

mod model;
mod oracle;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use iamtrim::catalog::Catalog;
use iamtrim::check::{Checked, check};
use iamtrim::config::Config;
use iamtrim::diagnostic::{Diagnostic, Report};
use iamtrim::finding::{EvidenceBuilder, ReadOptions, Selection};
use iamtrim::fix;
use iamtrim::refine::safety::Applicability;
use iamtrim::rule::Rule;
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use regex::Regex;

use model::{Policy, Repository, Statement, StatementKind, repositories};
use oracle::{Catalogue, Owners};
use writing::{Writer, Written, sid};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::read);
static PROGRAMS: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// A path and a text.
type File = (String, String);

fn scope(written: &Written, order: [usize; 2]) -> Scope {
    let mut builder = EvidenceBuilder::new(Selection::default());
    for index in order {
        let name = format!("export{index}.json");
        builder.read(&name, written.exports[index].as_bytes(), &ReadOptions::default()).unwrap();
    }
    let config = Config::parse(".iamtrim.yaml", &written.config).unwrap();
    Scope { settings: Settings::new(config, jiff::civil::date(2026, 10, 13)), evidence: builder.finish().into() }
}

fn sources(files: &[File]) -> Sources {
    Sources::new(files.iter().map(|(path, text)| SourceFile::new(path.clone(), text.clone())).collect())
}

/// The files with all fixes made that are at least as safe.
fn fixed(sources: &Sources, checked: &Checked<'_>, threshold: Applicability) -> Vec<File> {
    let after = |(id, file): (_, &SourceFile)| {
        let of_file = checked.files.iter().find(|of| of.id == id);
        let rewritten = of_file.and_then(|of| fix::rewritten(&of.judged(file), &of.fixes, threshold).unwrap());
        (file.path.clone(), rewritten.map_or_else(|| file.text.clone(), |rewritten| rewritten.text))
    };
    sources.iter().map(after).collect()
}

/// The entries after each `Sid` of the files, in whatever notation.
fn entries(files: &[File]) -> BTreeMap<String, Vec<String>> {
    let token = Regex::new(r#"(P\d+S\d+)|["'](\*|(?i:s3|sqs|kms|iam):[A-Za-z*?]+)["']"#).unwrap();
    let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, text) in files {
        let mut sid = "";
        for found in token.captures_iter(text) {
            match (found.get(1), found.get(2)) {
                (Some(found), _) => {
                    sid = found.as_str();
                    assert!(entries.insert(sid.to_owned(), Vec::new()).is_none(), "{sid} stands twice");
                }
                (_, Some(found)) => entries.get_mut(sid).unwrap().push(found.as_str().to_owned()),
                _ => {}
            }
        }
    }
    entries
}

/// What is drawn, and what the program makes of it.
struct Case<'a> {
    repository: &'a Repository,
    policies: Vec<Owned<'a>>,
    before: BTreeMap<String, Vec<String>>,
    report: &'a Report,
}

/// A policy, and whose it is.
struct Owned<'a> {
    statements: Vec<(String, &'a Statement)>,
    owners: Owners<'static>,
}

impl<'a> Case<'a> {
    fn new(repository: &'a Repository, files: &[File], report: &'a Report) -> Self {
        let owned = |(index, policy): (usize, &'a Policy)| {
            let statements = policy.statements.iter().enumerate();
            let statements = statements.map(|(at, statement)| (sid(index, at), statement)).collect();
            Owned { statements, owners: repository.owners(policy, &CATALOGUE) }
        };
        let policies = repository.policies.iter().enumerate().map(owned).collect();
        Self { repository, policies, before: entries(files), report }
    }

    /// The diagnostics about a statement.
    fn said(&self, sid: &str) -> Vec<&'a Diagnostic> {
        let is_of = |d: &&Diagnostic| d.policies.first().is_some_and(|policy| policy.sid.as_deref() == Some(sid));
        self.report.diagnostics.iter().filter(is_of).collect()
    }

    /// Nothing goes that some owner may use, or of which too little is known; nothing comes.
    fn nothing_used_goes(&self, after: &[File], threshold: Applicability) -> Result<(), TestCaseError> {
        let after = entries(after);
        for (owned, (sid, statement)) in self.policies.iter().flat_map(|o| o.statements.iter().map(move |s| (o, s))) {
            let (before, after) = (&self.before[sid], after.get(sid).cloned().unwrap_or_default());
            if !statement.is_refined() {
                prop_assert_eq!(before, &after, "{}", sid);
                continue;
            }
            let (granted, left) = (CATALOGUE.granted(before), CATALOGUE.granted(&after));
            prop_assert!(left.is_subset(&granted), "{} gains {:?}", sid, &left - &granted);
            let may_go = |action: &str| owned.owners.limit >= threshold && owned.owners.left_unused(action);
            let lost: Vec<_> = granted.difference(&left).filter(|action| !may_go(action)).collect();
            prop_assert!(lost.is_empty(), "{} loses {:?} of {:?}", sid, lost, owned.owners);
        }
        Ok(())
    }

    /// What every owner left unused is told at each entry that grants it, and nothing else is; and it can be fixed as
    /// freely as is known whose it is.
    fn what_all_left_unused_is_told(&self) -> Result<(), TestCaseError> {
        for Owned { statements, owners } in &self.policies {
            let is_gone =
                |statement: &Statement| statement.is_refined() && statement.grants().all(|a| owners.left_unused(a));
            let all_gone = statements.iter().all(|(_, statement)| is_gone(statement));
            let limit = Some(owners.limit).filter(|_| !all_gone);
            for (sid, statement) in statements {
                let (broad, of_entries): (Vec<_>, Vec<_>) =
                    self.said(sid).into_iter().partition(|diagnostic| diagnostic.rule == Rule::BroadGrant);
                let mut said: Vec<Told<'_>> = of_entries.iter().map(|diagnostic| told(diagnostic)).collect();
                let mut expected = statement.unused_of_entries(owners);
                said.sort();
                expected.sort();
                prop_assert_eq!(said, expected, "{} {:?}", sid, owners);
                for diagnostic in of_entries {
                    let fix = self.report.fixes.iter().find(|fix| Some(&fix.id) == diagnostic.fix.as_ref());
                    prop_assert_eq!(fix.map(|fix| fix.applicability), limit, "{} {:?} {:?}", sid, fix, owners);
                }
                let broadly: BTreeSet<&str> =
                    broad.iter().flat_map(|d| &d.unused).flat_map(|u| CATALOGUE.matching(&u.action)).collect();
                let missing: Vec<&str> =
                    statement.unused_beneath(owners).filter(|action| !broadly.contains(action)).collect();
                prop_assert!(missing.is_empty(), "{} {:?} {:?}", sid, missing, owners);
            }
        }
        Ok(())
    }

    /// A role that is unused as a whole is told where it or a policy of it stands.
    fn unused_roles_are_told(&self) -> Result<(), TestCaseError> {
        let told = self.report.diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::UnusedRole);
        let told: BTreeSet<&str> =
            told.flat_map(|diagnostic| &diagnostic.identities).map(|of| of.arn.as_str()).collect();
        for (role, account) in self.policies.iter().flat_map(|owned| &owned.owners.wholly_unused) {
            let arn = self.repository.arn(*role, *account);
            prop_assert!(told.contains(arn.as_str()), "{} is not among {:?}", arn, told);
        }
        Ok(())
    }
}

/// An entry, and what of it is unused.
type Told<'a> = (&'a str, BTreeSet<String>);

fn told(diagnostic: &Diagnostic) -> Told<'_> {
    let unused = diagnostic.unused.iter().map(|unused| unused.action.to_ascii_lowercase()).collect();
    (diagnostic.pattern.as_deref().unwrap_or_default(), unused)
}

impl Statement {
    /// Whether it is one that is ever edited.
    fn is_refined(&self) -> bool {
        matches!(self.kind, StatementKind::Allow | StatementKind::AllowEverything)
    }

    fn grants(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().flat_map(|entry| CATALOGUE.matching(entry))
    }

    fn unused_of_entries(&self, owners: &Owners<'_>) -> Vec<Told<'_>> {
        let unused = |entry: &&'static str| -> Told<'_> {
            let unused = CATALOGUE.matching(entry).filter(|action| owners.left_unused(action));
            (entry, unused.map(str::to_owned).collect())
        };
        let narrow = self.entries.iter().filter(|entry| self.is_refined() && **entry != "*");
        narrow.map(unused).filter(|(_, unused)| !unused.is_empty()).collect()
    }

    /// What of a grant that cannot be narrowed is unused.
    fn unused_beneath(&self, owners: &Owners<'_>) -> impl Iterator<Item = &'static str> {
        let excluded: BTreeSet<&str> = match self.kind {
            StatementKind::AllowEverything => BTreeSet::new(),
            StatementKind::AllowAllBut => self.grants().collect(),
            StatementKind::Allow | StatementKind::Deny => CATALOGUE.matching("*").collect(),
        };
        CATALOGUE.matching("*").filter(move |action| !excluded.contains(action) && owners.left_unused(action))
    }
}

/// All that is said of statements, whatever their places.
fn said_anywhere(report: &Report) -> Vec<String> {
    let fix = |diagnostic: &Diagnostic| report.fixes.iter().find(|fix| Some(&fix.id) == diagnostic.fix.as_ref());
    let said = report.diagnostics.iter().filter(|diagnostic| !diagnostic.policies.is_empty()).map(|diagnostic| {
        let Diagnostic { rule, level, message, pattern, kept, replacement, .. } = diagnostic;
        let (told, applicability) = (told(diagnostic), fix(diagnostic).map(|fix| fix.applicability));
        let sid = &diagnostic.policies[0].sid;
        format!("{sid:?} {rule:?} {level:?} {message} {pattern:?} {told:?} {kept:?} {replacement:?} {applicability:?}")
    });
    let mut said: Vec<String> = said.collect();
    said.sort();
    said
}

/// How many repositories are made up; `PROPTEST_CASES` asks for another number.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn what_goes_is_unused_by_everyone_whose_policy_it_is(repository in repositories()) {
        let written = Writer { repository: &repository, is_reversed: false }.written();
        let scopes = [scope(&written, [0, 1])];
        let sources = sources(&written.files);
        let checked = check(&sources, &scopes, &PROGRAMS);
        let case = Case::new(&repository, &written.files, &checked.report);
        for threshold in [Applicability::Safe, Applicability::Unsafe] {
            let after = fixed(&sources, &checked, threshold);
            case.nothing_used_goes(&after, threshold)?;
            let again = check(&self::sources(&after), &scopes, &PROGRAMS);
            let left: Vec<_> = again.report.fixes.iter().filter(|fix| fix.applicability >= threshold).collect();
            prop_assert!(left.is_empty(), "{:?}\n{:?}", left, after);
        }
        case.what_all_left_unused_is_told()?;
        case.unused_roles_are_told()?;
        let reversed = Writer { repository: &repository, is_reversed: true }.written();
        let scopes = [scope(&reversed, [1, 0])];
        let other = check(&self::sources(&reversed.files), &scopes, &PROGRAMS);
        prop_assert_eq!(said_anywhere(&checked.report), said_anywhere(&other.report));
    }
}
