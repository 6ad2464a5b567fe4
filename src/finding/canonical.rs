//! The form in which evidence is meant to be committed: a line of JSON per identity, in order, without what changes from
//! export to export although nothing became used or unused.
//!
//! The first line has the day that most findings are of; a line has its own only where it differs. Ids and times of day
//! are left out. Lists of actions that many identities share stand once, under a name made of their content, so that a
//! change of one identity changes its line alone.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Deserialize;

use super::candidate::{self, Closed, Reported, When, day};
use super::moment::Moment;
use super::reading::{Reading, is_plain};
use super::stream::Item;
use super::{
    Evidence, IdentityEvidence, Permissions, Unusable, UnusedAction, UnusedActions, UnusedPermissions, UnusedService,
};
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// How many identities have to share a list of actions for it to stand apart.
const SHARED_BY: usize = 8;

/// How many bytes such a list has at least.
const SHARED_FROM: usize = 40;

const VERSION: u32 = 1;

/// What stands for the day of last use of what was never used.
const NEVER: &str = "never";

/// The accounts of the identities, in order.
#[must_use]
pub fn accounts(evidence: &Evidence) -> Vec<&str> {
    let mut accounts: Vec<&str> = evidence.identities.iter().map(|identity| identity.arn.account()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// The evidence as text: of one account, or of all and of what names no identity.
#[must_use]
pub fn render(evidence: &Evidence, account: Option<&str>) -> String {
    let of_account = |identity: &&IdentityEvidence| account.is_none_or(|account| identity.arn.account() == account);
    let identities: Vec<&IdentityEvidence> = evidence.identities.iter().filter(of_account).collect();
    let anonymous = evidence.anonymous.as_ref().filter(|_| account.is_none());
    let unused = || identities.iter().filter_map(|identity| usable(identity)).chain(anonymous);
    let roles = identities.iter().filter_map(|identity| day(identity.unused_role.as_ref()?.analyzed_at));
    let header = most_common(unused().filter_map(|unused| day(unused.analyzed_at)).chain(roles));
    let shared = Shared::of(unused());
    let mut out = format!("{{\"iamtrim\":\"findings\",\"version\":{VERSION}");
    if let Some(date) = header {
        push(&mut out, format_args!(",\"analyzedAt\":\"{date}\""));
    }
    out.push_str("}\n");
    for (name, actions) in shared.named() {
        push(&mut out, format_args!("{{\"set\":\"{name}\",\"actions\":\"{actions}\"}}\n"));
    }
    if let Some(unused) = anonymous {
        let members = permissions(unused, header, &shared);
        push(&mut out, format_args!("{{{}}}\n", members.trim_start_matches(',')));
    }
    for identity in identities {
        line(&mut out, identity, header, &shared);
    }
    out
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(arguments);
}

fn usable(identity: &IdentityEvidence) -> Option<&UnusedPermissions> {
    match &identity.permissions {
        Permissions::Usable(unused) => Some(unused),
        Permissions::Unusable(_) => None,
    }
}

/// The day that most have; of two such, the later.
fn most_common(days: impl Iterator<Item = Date>) -> Option<Date> {
    let mut counts: BTreeMap<Date, usize> = BTreeMap::new();
    days.for_each(|day| *counts.entry(day).or_default() += 1);
    counts.into_iter().max_by_key(|&(day, count)| (count, day)).map(|(day, _)| day)
}

/// Lists of actions that many share, by their text, with their names.
struct Shared(HashMap<String, String>);

impl Shared {
    fn of<'e>(unused: impl Iterator<Item = &'e UnusedPermissions>) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for service in unused.flat_map(|unused| &unused.services) {
            *counts.entry(names(service)).or_default() += 1;
        }
        let is_shared = |(text, count): (String, usize)| {
            let name = name_of(&text);
            (count >= SHARED_BY && text.len() >= SHARED_FROM).then_some((text, name))
        };
        Self(counts.into_iter().filter_map(is_shared).collect())
    }

    /// In order of names.
    fn named(&self) -> Vec<(&str, &str)> {
        let mut named: Vec<(&str, &str)> = self.0.iter().map(|(text, name)| (&**name, &**text)).collect();
        named.sort_unstable();
        named
    }

    /// A service's actions; where their names stand apart, only those with a day of last use are repeated.
    fn shown(&self, service: &UnusedService) -> String {
        match (self.0.get(&names(service)), &service.actions) {
            (Some(name), UnusedActions::Only(actions)) => {
                let dated = actions.iter().filter(|action| action.last_accessed.is_some());
                let words = dated.map(|action| format!(" {}{}", action.name, used(action.last_accessed)));
                format!("={name}{}", words.collect::<String>())
            }
            _ => actions(service),
        }
    }
}

/// A name made of the text alone: its FNV-1a hash of 64 bits.
fn name_of(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

/// `*` for a whole service, else the names.
fn names(service: &UnusedService) -> String {
    match &service.actions {
        UnusedActions::Whole => "*".to_owned(),
        UnusedActions::Only(names) => names.iter().map(|action| &*action.name).collect::<Vec<_>>().join(" "),
    }
}

/// The same, each with the day of its last use after `@`.
fn actions(service: &UnusedService) -> String {
    match &service.actions {
        UnusedActions::Whole => format!("*{}", used(service.last_accessed)),
        UnusedActions::Only(names) => {
            let words = names.iter().map(|action| format!("{}{}", action.name, used(action.last_accessed)));
            words.collect::<Vec<_>>().join(" ")
        }
    }
}

fn used(day: Option<Date>) -> String {
    day.map(|day| format!("@{day}")).unwrap_or_default()
}

/// The day of a finding, where it is not that of the first line.
fn analyzed(at: Option<jiff::Timestamp>, header: Option<Date>) -> String {
    match day(at) {
        None if header.is_some() => ",\"analyzedAt\":\"unknown\"".to_owned(),
        Some(day) if header != Some(day) => format!(",\"analyzedAt\":\"{day}\""),
        _ => String::new(),
    }
}

fn permissions(unused: &UnusedPermissions, header: Option<Date>, shared: &Shared) -> String {
    let mut out = analyzed(unused.analyzed_at, header);
    if unused.truncated {
        out.push_str(",\"truncated\":true");
    }
    let services = unused.services.iter().map(|s| format!("\"{}\":\"{}\"", s.prefix, shared.shown(s)));
    push(&mut out, format_args!(",\"unused\":{{{}}}", services.collect::<Vec<_>>().join(",")));
    out
}

fn line(out: &mut String, identity: &IdentityEvidence, header: Option<Date>, shared: &Shared) {
    push(out, format_args!("{{\"resource\":{}", json(identity.arn.as_str())));
    match &identity.permissions {
        Permissions::Usable(unused) => out.push_str(&permissions(unused, header, shared)),
        Permissions::Unusable(Unusable::None) => {}
        Permissions::Unusable(Unusable::Archived) => out.push_str(",\"status\":\"ARCHIVED\""),
        Permissions::Unusable(Unusable::Resolved) => out.push_str(",\"status\":\"RESOLVED\""),
        Permissions::Unusable(Unusable::Failed) => out.push_str(",\"status\":\"FAILED\""),
    }
    if let Some(role) = &identity.unused_role {
        // Nothing else of such an identity has a day: its permissions are history.
        let analyzed = analyzed(role.analyzed_at, header);
        push(out, format_args!("{analyzed},\"unusedRole\":\"{}\"", last(role.last_accessed)));
    }
    let keys = identity.unused_credentials.iter().filter_map(|credential| {
        Some(format!("{}:\"{}\"", json(credential.access_key.as_ref()?), last(credential.last_accessed)))
    });
    let keys: Vec<String> = keys.collect();
    if !keys.is_empty() {
        push(out, format_args!(",\"unusedAccessKeys\":{{{}}}", keys.join(",")));
    }
    if let Some(password) = identity.unused_credentials.iter().find(|credential| credential.access_key.is_none()) {
        push(out, format_args!(",\"unusedPassword\":\"{}\"", last(password.last_accessed)));
    }
    out.push_str("}\n");
}

fn last(day: Option<Date>) -> String {
    day.map_or_else(|| NEVER.to_owned(), |day| day.to_string())
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What was read so far of a file in this form.
#[derive(Debug)]
pub(super) struct Canonical {
    analyzed_at: Moment,
    sets: HashMap<String, String>,
}

/// A string of a line, copied only where it holds escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'l>(#[serde(borrow)] Cow<'l, str>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line<'l> {
    #[serde(default)]
    iamtrim: Option<String>,
    #[serde(default)]
    version: Option<u32>,
    #[serde(default)]
    set: Option<String>,
    #[serde(default)]
    actions: Option<String>,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    analyzed_at: Moment,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    truncated: bool,
    #[serde(default, borrow)]
    unused: Option<BTreeMap<Text<'l>, Text<'l>>>,
    #[serde(default)]
    unused_role: Option<String>,
    #[serde(default)]
    unused_access_keys: BTreeMap<String, String>,
    #[serde(default)]
    unused_password: Option<String>,
}

impl Reading<'_> {
    /// Takes a line of the canonical form.
    pub(super) fn take_canonical(&mut self, item: &Item<'_>) -> Result<(), Error> {
        let line: Line<'_> =
            serde_json::from_slice(item.bytes).map_err(|error| item.error(&self.read.export.path, &error))?;
        let result = match (&line.iamtrim, &line.set) {
            (Some(_), _) => self.take_header(&line),
            (None, Some(name)) => self.take_set(name, line.actions.as_deref().unwrap_or_default()),
            (None, None) => self.take_line(&line),
        };
        result.map_err(|message| {
            let help = "write it again with `iamtrim findings --write`";
            Error::new(message).at(&self.read.export.path, item.line, item.column).help(help)
        })
    }

    fn take_header(&mut self, line: &Line<'_>) -> Result<(), String> {
        if line.version != Some(VERSION) {
            return Err("this version of written findings is not known".to_owned());
        }
        self.canonical = Some(Canonical { analyzed_at: line.analyzed_at, sets: HashMap::new() });
        self.note_usable();
        self.note_time(line.analyzed_at);
        Ok(())
    }

    fn take_set(&mut self, name: &str, actions: &str) -> Result<(), String> {
        let canonical = self.canonical.as_mut().ok_or("the first line is missing")?;
        canonical.sets.insert(name.to_owned(), actions.to_owned());
        Ok(())
    }

    fn take_line(&mut self, line: &Line<'_>) -> Result<(), String> {
        let canonical = self.canonical.as_ref().ok_or("the first line is missing")?;
        let analyzed_at = if line.analyzed_at == Moment::Absent { canonical.analyzed_at } else { line.analyzed_at };
        let when = When { analyzed_at: analyzed_at.timestamp(), updated_at: None };
        self.read.export.findings += 1;
        self.note_time(analyzed_at);
        let unused = line.unused.as_ref().map(|unused| self.unused(unused, line.truncated, when)).transpose()?;
        let Some(resource) = &line.resource else {
            if let Some(unused) = unused {
                self.take_anonymous(unused);
            }
            return Ok(());
        };
        let arn = IdentityArn::parse(resource).ok_or("`resource` is no role or user")?;
        if !self.selection.keeps(&arn) {
            return Ok(());
        }
        let status = line.status.as_deref();
        let last = |text: &String| self.last_use(if text == NEVER { Moment::Absent } else { Moment::of_text(text) });
        let role = line.unused_role.as_ref().map(last);
        let keys = line.unused_access_keys.iter().map(|(key, day)| (Some(key.clone()), last(day)));
        let credentials: Vec<_> = keys.chain(line.unused_password.as_ref().map(|day| (None, last(day)))).collect();
        let candidate = self.candidate(arn);
        match (status, unused) {
            (Some("ARCHIVED"), _) => candidate.permissions.close("", when, Closed::Archived),
            (Some("RESOLVED"), _) => candidate.permissions.close("", when, Closed::Resolved),
            (Some("FAILED"), _) => candidate.permissions.take("", when, Reported::Failed),
            (Some(_), _) => return Err("`status` is none of ARCHIVED, RESOLVED and FAILED".to_owned()),
            (None, Some(unused)) => candidate.permissions.take("", when, Reported::Usable(unused)),
            (None, None) => {}
        }
        role.into_iter().for_each(|role| candidate.role.take("", when, role));
        credentials.into_iter().for_each(|credential| candidate.credentials.take("", when, credential));
        Ok(())
    }

    fn unused(
        &mut self,
        services: &BTreeMap<Text<'_>, Text<'_>>,
        truncated: bool,
        when: When,
    ) -> Result<UnusedPermissions, String> {
        let mut all = Vec::with_capacity(services.len());
        for (Text(prefix), Text(text)) in services {
            let text = self.in_full(text)?;
            if !is_plain(prefix) {
                return Err("a service is none".to_owned());
            }
            let service = self.service(prefix, &text).ok_or_else(|| format!("the actions of `{prefix}` are none"))?;
            candidate::add(&mut all, service);
        }
        Ok(UnusedPermissions { findings: Vec::new(), analyzed_at: when.analyzed_at, services: all, truncated })
    }

    /// The actions of a set in the place of its name; of a name that stands twice the later use counts.
    fn in_full<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, String> {
        let Some(named) = text.strip_prefix('=') else { return Ok(Cow::Borrowed(text)) };
        let (name, rest) = named.split_once(' ').unwrap_or((named, ""));
        let set = self.canonical.as_ref().and_then(|canonical| canonical.sets.get(name));
        let set = set.ok_or_else(|| format!("there is no set `{name}`"))?;
        Ok(Cow::Owned(if rest.is_empty() { set.clone() } else { format!("{rest} {set}") }))
    }

    fn service(&mut self, prefix: &str, text: &str) -> Option<UnusedService> {
        let prefix = self.words.word(&prefix.to_ascii_lowercase());
        let (mut names, mut recent) = (Vec::new(), HashSet::new());
        for word in text.split(' ') {
            let (name, last) = dated(word)?;
            if word.starts_with('*') {
                let actions = if self.is_recent(last) { UnusedActions::Only(Vec::new()) } else { UnusedActions::Whole };
                return Some(UnusedService { prefix, last_accessed: last.date(), actions });
            }
            let name = is_plain(name).then_some(name)?;
            if self.is_recent(last) {
                recent.insert(name.to_ascii_lowercase());
            } else {
                names.push(UnusedAction { name: self.words.word(name), last_accessed: last.date() });
            }
        }
        // A name that stands twice counts with its later use.
        if !recent.is_empty() {
            names.retain(|action| !recent.contains(&action.name.to_ascii_lowercase()));
        }
        let actions = UnusedActions::Only(candidate::sorted(names));
        Some(UnusedService { prefix, last_accessed: None, actions })
    }
}

/// A name and the day of its last use, after `@`; nothing if that is no day.
fn dated(word: &str) -> Option<(&str, Moment)> {
    // Words are short, which a search for a character is not made for.
    let Some(at) = word.bytes().position(|byte| byte == b'@') else { return Some((word, Moment::Absent)) };
    let last = Moment::of_text(word.get(at + 1..)?);
    (last != Moment::Unreadable).then_some((word.get(..at)?, last))
}
