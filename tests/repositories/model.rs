//! What is drawn: a repository of roles and policies, who has which, and what findings say of each role in each account.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) const ACCOUNTS: [&str; 3] = ["123456789012", "111122223333", "444455556666"];

/// What findings may name, by service.
pub(crate) const NAMES: [(&str, &[&str]); 4] = [
    ("s3", &["GetBucketAcl", "GetBucketPolicy", "GetObject", "PutObject", "DeleteBucket", "ListBucket", "ListJobs"]),
    ("sqs", &["SendMessage", "CreateQueue", "DeleteQueue", "PurgeQueue"]),
    ("kms", &["Decrypt", "CreateKey", "CreateGrant", "DescribeKey"]),
    ("iam", &["PassRole", "GetRole", "GetRolePolicy", "CreateRole"]),
];

pub(crate) const ENTRIES: [&str; 17] = [
    "s3:Get*",
    "s3:GetBucketAcl",
    "s3:PutObject",
    "s3:*Bucket",
    "s3:List*",
    "sqs:*",
    "sqs:SendMessage",
    "sqs:DeleteQueue",
    "SQS:*Queue",
    "kms:Create*",
    "kms:Decrypt",
    "kms:*Key",
    "iam:PassRole",
    "iam:Pass*",
    "iam:GetRole*",
    "iam:createrole",
    "iam:?etRole",
];

#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) roles: Vec<Role>,
    pub(crate) units: Vec<Unit>,
    pub(crate) policies: Vec<Policy>,
    /// Where the configuration says that all files are deployed to.
    pub(crate) everywhere: Vec<usize>,
    pub(crate) allow: Option<Allow>,
}

#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// The unit that declares it, unless that is one of loose documents.
    pub(crate) home: usize,
    pub(crate) has_path: bool,
    /// What findings say of it, by account.
    pub(crate) said: [Said; 3],
    /// What a finding says of a user of the same name, in the first account.
    pub(crate) twin: Option<Unused>,
}

/// A folder.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) kind: UnitKind,
    /// Where the configuration says that it is deployed to.
    pub(crate) accounts: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Template,
    Module,
    Loose,
}

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) unit: usize,
    pub(crate) roles: BTreeSet<usize>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) is_managed: bool,
    /// Whether roles of the same unit refer to it, rather than it to them; of managed ones.
    pub(crate) is_referred_to: bool,
    /// In which of the notations of its unit it is written.
    pub(crate) form: usize,
    pub(crate) also: Also,
    /// How a loose document is known to be whose.
    pub(crate) bound: Bound,
}

/// What else becomes of a managed policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Also {
    Nothing,
    HandedOn,
    Boundary,
}

#[derive(Debug, Clone)]
pub(crate) enum Bound {
    /// By ARNs, in these accounts.
    Arns(Vec<usize>),
    Names,
    /// Not at all: its path has the name of the first role.
    Guess,
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) kind: StatementKind,
    pub(crate) entries: Vec<&'static str>,
    pub(crate) has_condition: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementKind {
    Allow,
    AllowEverything,
    AllowAllBut,
    Deny,
}

/// What findings say of a role in an account.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Nothing,
    Unused(Unused),
    /// Two ACTIVE findings, or two copies of one, of different days.
    Twice {
        older: Unused,
        newer: Unused,
        is_one: bool,
    },
    /// Two ACTIVE findings, of the same time.
    AtOnce(Unused, Unused),
    Archived(Unused),
    /// One export has it ACTIVE, a later one ARCHIVED.
    ArchivedSince(Unused),
    /// One export has it ACTIVE, a later one another finding that is RESOLVED.
    ResolvedSince(Unused),
    UnusedRole,
    /// A later export has a finding of its permissions that is RESOLVED, so it is in use.
    UsedSince(Unused),
    /// Its permissions were reported before the role as a whole was.
    UnusedRoleSince(Unused),
    /// The role as a whole was reported before its permissions were, so it is in use.
    UsedAgain(Unused),
}

/// By service.
pub(crate) type Unused = Vec<(&'static str, Part)>;

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Whole,
    Names(BTreeSet<&'static str>),
}

/// What the configuration keeps of a role, in any account.
#[derive(Debug, Clone)]
pub(crate) struct Allow {
    pub(crate) role: usize,
    pub(crate) action: &'static str,
    pub(crate) has_ended: bool,
}

pub(crate) fn repositories() -> impl Strategy<Value = Repository> {
    let twin = prop::option::weighted(0.2, unused());
    let roles = prop::collection::vec((0_usize..4, any::<bool>(), [said(), said(), said()], twin), 2..=5);
    let kind = select(vec![UnitKind::Template, UnitKind::Module, UnitKind::Loose]);
    let units = prop::collection::vec((kind, accounts([1, 8, 4, 1])), 2..=4);
    let allow = (0_usize..5, select(&ENTRIES[..]), any::<bool>());
    let allow = allow.prop_map(|(role, action, has_ended)| Allow { role, action, has_ended });
    let everywhere = accounts([8, 1, 0, 0]);
    let drawn = (roles, units, prop::collection::vec(policy(), 2..=6), everywhere, prop::option::weighted(0.3, allow));
    drawn.prop_map(|(roles, units, mut policies, everywhere, allow)| {
        let role = |(home, has_path, said, twin)| Role { home: home % units.len(), has_path, said, twin };
        let roles: Vec<Role> = roles.into_iter().map(role).collect();
        for policy in &mut policies {
            policy.unit %= units.len();
            policy.roles.retain(|role| *role < roles.len());
        }
        let units = units.into_iter().map(|(kind, accounts)| Unit { kind, accounts }).collect();
        Repository { roles, units, policies, everywhere, allow }
    })
}

/// None, one, two or three accounts, by weight.
fn accounts(weights: [u32; 4]) -> impl Strategy<Value = Vec<usize>> {
    let some = |count: usize| subsequence(vec![0_usize, 1, 2], count);
    prop_oneof![weights[0] => some(0), weights[1] => some(1), weights[2] => some(2), weights[3] => some(3)]
}

fn policy() -> impl Strategy<Value = Policy> {
    let roles = prop_oneof![1 => Just(0), 8 => Just(1), 6 => Just(2), 1 => Just(3)];
    let roles = roles.prop_flat_map(|count| subsequence(vec![0_usize, 1, 2, 3, 4], count));
    let also = prop_oneof![8 => Just(Also::Nothing), 1 => Just(Also::HandedOn), 1 => Just(Also::Boundary)];
    let arns = accounts([0, 3, 2, 1]).prop_map(Bound::Arns);
    let bound = prop_oneof![4 => arns, 4 => Just(Bound::Names), 1 => Just(Bound::Guess)];
    let statements = prop::collection::vec(statement(), 1..=3);
    let flags = (any::<bool>(), any::<bool>(), 0_usize..4);
    (0_usize..4, roles, statements, flags, also, bound).prop_map(|(unit, roles, statements, flags, also, bound)| {
        let (is_managed, is_referred_to, form) = flags;
        let roles = roles.into_iter().collect();
        Policy { unit, roles, statements, is_managed, is_referred_to, form, also, bound }
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    let kind = prop_oneof![
        20 => Just(StatementKind::Allow),
        1 => Just(StatementKind::AllowEverything),
        1 => Just(StatementKind::AllowAllBut),
        1 => Just(StatementKind::Deny),
    ];
    let entries = prop::collection::vec(select(&ENTRIES[..]), 1..=4);
    (kind, entries, prop::bool::weighted(0.1)).prop_map(|(kind, mut entries, has_condition)| {
        if kind == StatementKind::AllowEverything {
            entries.push("*");
        }
        Statement { kind, entries, has_condition }
    })
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        1 => Just(Said::Nothing),
        10 => unused().prop_map(Said::Unused),
        2 => (unused(), unused(), any::<bool>()).prop_map(|(older, newer, is_one)| Said::Twice { older, newer, is_one }),
        2 => (unused(), unused()).prop_map(|(one, other)| Said::AtOnce(one, other)),
        1 => unused().prop_map(Said::Archived),
        1 => unused().prop_map(Said::ArchivedSince),
        1 => unused().prop_map(Said::ResolvedSince),
        1 => unused().prop_map(Said::UsedSince),
        2 => Just(Said::UnusedRole),
        1 => unused().prop_map(Said::UnusedRoleSince),
        1 => unused().prop_map(Said::UsedAgain),
    ]
}

fn unused() -> impl Strategy<Value = Unused> {
    let of_service = |index: usize| {
        let (service, names) = NAMES[index];
        let names = subsequence(names, names.len() / 2..=names.len());
        let names = names.prop_map(|names| Some(Part::Names(names.into_iter().collect())));
        let part = prop_oneof![1 => Just(None), 2 => Just(Some(Part::Whole)), 5 => names];
        part.prop_map(move |part| Some((service, part?)))
    };
    let services = [of_service(0), of_service(1), of_service(2), of_service(3)];
    services.prop_map(|services| services.into_iter().flatten().collect())
}
