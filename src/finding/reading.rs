//! One export, value by value → what it says of each identity, and what of it cannot be used.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::candidate::{self, Candidate, Closed, LastUse, Reported, When};
use super::canonical::Canonical;
use super::element::{Detail, Element, Kind, Permission};
use super::inventory::Inventory;
use super::key::Key;
use super::moment::Moment;
use super::recommendation::Recommendation;
use super::stream::{Item, Part};
use super::{
    EXPORT_COMMANDS, Export, ReadOptions, Selection, UnusedAction, UnusedActions, UnusedPermissions, UnusedService,
};
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// How many warnings of one export are kept; the rest is counted.
pub(super) const MAX_WARNINGS: usize = 20;

/// How much of a text a warning quotes, in characters.
const MAX_QUOTED: usize = 120;

/// The longest name of an action, in bytes; the longest that AWS has is 64.
const MAX_NAME: usize = 256;

/// One copy of each word, however often exports repeat it.
#[derive(Debug, Default)]
pub(super) struct Words(HashSet<Arc<str>>);

/// An export while it is read.
pub(super) struct Reading<'a> {
    index: u32,
    pub(super) options: &'a ReadOptions<'a>,
    pub(super) selection: &'a Selection,
    pub(super) words: &'a mut Words,
    pub(super) read: Read,
    /// What is known of an export in our own form.
    pub(super) canonical: Option<Canonical>,
    dropped_warnings: usize,
    /// How many findings are of other analyzers.
    others: usize,
    with_details: usize,
    /// The first finding without details, and how many there are.
    without_details: Option<(Place, usize)>,
    /// The first value that is known to be no finding, and what it is.
    foreign: Option<(Place, &'static str)>,
}

/// What an export amounts to.
pub(super) struct Read {
    pub(super) export: Export,
    pub(super) identities: BTreeMap<IdentityArn, Candidate>,
    /// Of findings that name no identity.
    pub(super) bare: Option<UnusedPermissions>,
    pub(super) recommendations: Vec<Recommendation>,
    pub(super) inventory: Inventory,
}

/// A line and a column, from 1.
pub(super) type Place = (usize, usize);

impl Words {
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.0.insert(Arc::clone(&word));
        word
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        path: &str,
        index: u32,
        options: &'a ReadOptions<'a>,
        selection: &'a Selection,
        words: &'a mut Words,
    ) -> Self {
        let export = Export { path: path.to_owned(), findings: 0, analyzed_at: None, warnings: Vec::new() };
        Self {
            index,
            options,
            selection,
            words,
            read: Read {
                export,
                identities: BTreeMap::new(),
                bare: None,
                recommendations: Vec::new(),
                inventory: Inventory::default(),
            },
            canonical: None,
            dropped_warnings: 0,
            others: 0,
            with_details: 0,
            without_details: None,
            foreign: None,
        }
    }

    /// Takes the next value; one of an identity that is not asked for is not even parsed.
    pub(super) fn take(&mut self, item: Item<'_>) -> Result<(), Error> {
        if !self.selection.is_all()
            && item.head.resource.and_then(IdentityArn::parse).is_some_and(|arn| !self.selection.keeps(&arn))
        {
            let analyzed_at = item.head.analyzed_at.map_or(Moment::Absent, Moment::of_text);
            let has_details = item.head.has_details || self.canonical.is_some();
            self.count(analyzed_at, has_details, (item.line, item.column));
            return Ok(());
        }
        if self.canonical.is_some() {
            return self.take_canonical(&item);
        }
        let element: Element<'_> =
            serde_json::from_slice(item.bytes).map_err(|error| item.error(&self.read.export.path, &error))?;
        if item.part == Part::Envelope {
            if element.has_more {
                self.warn("the list of findings goes on in a page that the export lacks");
            }
            return Ok(());
        }
        let has = |key: Key| element.seen.has(key);
        let is_account = [Key::RoleDetailList, Key::UserDetailList, Key::GroupDetailList].into_iter().any(has);
        if has(Key::Iamtrim) {
            self.take_canonical(&item)
        } else if has(Key::ServicesLastAccessed) {
            self.take_last_accessed(&item)
        } else if has(Key::RecommendedSteps) {
            self.take_recommendation(&item)
        } else if has(Key::ClassUid) {
            self.take_ocsf(&item)
        } else if is_account {
            self.take_account_details(&item)
        } else {
            self.take_element(&element, (item.line, item.column));
            Ok(())
        }
    }

    fn take_element(&mut self, element: &Element<'_>, place: Place) {
        if let Some(permission) = element.bare.as_ref().filter(|_| element.resource.is_none()) {
            let mut bare = self.read.bare.take().unwrap_or_default();
            self.add_service(permission, &mut bare.services);
            self.read.bare = Some(bare);
            return;
        }
        if let Some(kind) = foreign_kind(element) {
            self.refuse(place, kind);
            return;
        }
        let kind = kind_of(element);
        if kind == Kind::Other {
            self.others += 1;
            self.read.export.findings += 1;
            return;
        }
        self.count(element.analyzed_at, element.details.is_some() || element.has_error, place);
        let Some(resource) = element.resource.as_deref() else {
            return self.warn("a finding names no resource");
        };
        let Some(arn) = IdentityArn::parse(resource) else {
            return self.warn(&format!("`{}` is no role or user", clipped(resource)));
        };
        if self.selection.keeps(&arn) {
            self.take_finding(arn, kind, element);
        }
    }

    fn take_finding(&mut self, arn: IdentityArn, kind: Kind, element: &Element<'_>) {
        let when = When { analyzed_at: element.analyzed_at.timestamp(), updated_at: element.updated_at.timestamp() };
        let status = element.status.as_deref().unwrap_or("ACTIVE").to_ascii_uppercase();
        let closed = match status.as_str() {
            "ACTIVE" => None,
            "ARCHIVED" => Some(Closed::Archived),
            "RESOLVED" => Some(Closed::Resolved),
            other => return self.warn(&format!("`{}` is no status of a finding", clipped(other))),
        };
        let id = element.id.as_deref().unwrap_or_default();
        let reported = match (kind, closed) {
            (Kind::Permission, None) => self.reported(element),
            _ => None,
        };
        let last_use = |detail: &Detail<'_>| self.last_use(detail.body.last_accessed);
        let uses: Vec<LastUse> = element.details.iter().flatten().map(last_use).collect();
        let candidate = self.candidate(arn);
        match (kind, closed) {
            (Kind::Permission, Some(status)) => candidate.permissions.close(id, when, status),
            (Kind::Permission, None) => {
                if let Some(reported) = reported {
                    candidate.permissions.take(id, when, reported);
                }
            }
            (Kind::Role, Some(status)) => candidate.role.close(id, when, status),
            (Kind::Role, None) if element.has_error => candidate.role.close(id, when, Closed::Failed),
            (Kind::Role, None) if element.details.is_some() => {
                candidate.role.take(id, when, uses.into_iter().reduce(LastUse::or).unwrap_or_default());
            }
            (Kind::AccessKey | Kind::Password, Some(status)) => candidate.credentials.close(id, when, status),
            (Kind::AccessKey | Kind::Password, None) if !element.has_error => {
                for (detail, last_use) in element.details.iter().flatten().zip(uses) {
                    let key = detail.body.access_key.as_deref().filter(|_| kind == Kind::AccessKey);
                    if key.is_some() || kind == Kind::Password {
                        candidate.credentials.take(id, when, (key.map(str::to_owned), last_use));
                    }
                }
            }
            _ => {}
        }
    }

    /// What is known of an identity, for more to be said of it.
    pub(super) fn candidate(&mut self, arn: IdentityArn) -> &mut Candidate {
        let candidate = self.read.identities.entry(arn.clone()).or_insert_with(|| Candidate::new(arn.clone()));
        candidate.spelled(arn);
        candidate.exports.insert(self.index);
        candidate
    }

    /// Takes what names no identity; of two reports the newer counts, and the pages of one belong together.
    pub(super) fn take_anonymous(&mut self, unused: UnusedPermissions) {
        match &mut self.read.bare {
            Some(known) if known.analyzed_at > unused.analyzed_at => {}
            Some(known) if known.analyzed_at == unused.analyzed_at => {
                for service in unused.services {
                    candidate::add(&mut known.services, service);
                }
                known.truncated &= unused.truncated;
            }
            bare => *bare = Some(unused),
        }
    }

    /// Something that can be used was read.
    pub(super) fn note_usable(&mut self) {
        self.with_details += 1;
    }

    /// Notes a report that has no findings, and when it was made.
    pub(super) fn note_report(&mut self, completed: Timestamp) {
        self.note_usable();
        self.read.export.findings += 1;
        self.read.export.analyzed_at = self.read.export.analyzed_at.max(Some(completed));
    }

    pub(super) fn note_time(&mut self, at: Moment) {
        self.read.export.analyzed_at = self.read.export.analyzed_at.max(at.timestamp());
    }

    /// Notes a value that cannot be used, and why.
    pub(super) fn refuse(&mut self, place: Place, what: &'static str) {
        self.foreign.get_or_insert((place, what));
    }

    /// What an ACTIVE finding of unused permissions says; nothing if it is only a line of a list.
    fn reported(&mut self, element: &Element<'_>) -> Option<Reported> {
        if element.has_error {
            return Some(Reported::Failed);
        }
        let mut services = Vec::new();
        for Detail { kind, body } in element.details.as_ref()? {
            if kind.is_none_or(|kind| kind == Kind::Permission) {
                self.add_service(body, &mut services);
            }
        }
        Some(Reported::Usable(UnusedPermissions {
            findings: element.id.iter().map(|id| id.to_string()).collect(),
            analyzed_at: element.analyzed_at.timestamp(),
            services,
            truncated: element.has_more,
        }))
    }

    /// Adds what one element says of a service to the services of its finding.
    fn add_service(&mut self, permission: &Permission<'_>, services: &mut Vec<UnusedService>) {
        let Some(service) = permission.service.as_deref().filter(|service| is_plain(service)) else {
            return self.warn("unused permissions name no service");
        };
        let actions = if permission.actions.is_empty() {
            if self.is_recent(permission.last_accessed) {
                return;
            }
            UnusedActions::Whole
        } else {
            UnusedActions::Only(self.names(service, permission))
        };
        let prefix = self.words.word(&service.to_ascii_lowercase());
        let is_whole = actions == UnusedActions::Whole;
        let last_accessed = permission.last_accessed.date().filter(|_| is_whole);
        candidate::add(services, UnusedService { prefix, last_accessed, actions });
    }

    /// The action names of a service, sorted, each once.
    fn names(&mut self, service: &str, permission: &Permission<'_>) -> Vec<UnusedAction> {
        let mut names = Vec::with_capacity(permission.actions.len());
        for action in &permission.actions {
            let Some(name) = bare_name(service, &action.name).filter(|name| is_plain(name)) else {
                self.warn(&format!("`{}` is no action of `{}`", clipped(&action.name), clipped(service)));
                continue;
            };
            if !self.is_recent(action.last_accessed) {
                names.push(UnusedAction { name: self.words.word(name), last_accessed: action.last_accessed.date() });
            }
        }
        candidate::sorted(names)
    }

    pub(super) fn warn(&mut self, warning: &str) {
        if self.read.export.warnings.len() < MAX_WARNINGS {
            self.read.export.warnings.push(warning.to_owned());
        } else {
            self.dropped_warnings += 1;
        }
    }

    pub(super) fn count(&mut self, analyzed_at: Moment, has_details: bool, place: Place) {
        self.read.export.findings += 1;
        self.read.export.analyzed_at = self.read.export.analyzed_at.max(analyzed_at.timestamp());
        if has_details {
            self.with_details += 1;
        } else {
            self.without_details.get_or_insert((place, 0)).1 += 1;
        }
        if analyzed_at == Moment::Unreadable {
            self.warn("a finding's `analyzedAt` is no time");
        }
    }

    /// Whether something was last used too recently to be taken for unused; a time that cannot be read may be.
    pub(super) fn is_recent(&self, last_accessed: Moment) -> bool {
        let Some(since) = self.options.unused_since else { return false };
        last_accessed == Moment::Unreadable || last_accessed.date().is_some_and(|date: Date| date >= since)
    }

    pub(super) fn last_use(&self, last_accessed: Moment) -> LastUse {
        LastUse { day: last_accessed.date(), is_recent: self.is_recent(last_accessed) }
    }

    /// What it amounts to; refuses an export of which nothing can be used, and says what it is.
    pub(super) fn finish(mut self) -> Result<Read, Error> {
        let is_usable = self.with_details > 0 || self.read.bare.is_some();
        let refused = match (self.foreign, self.without_details) {
            _ if is_usable => None,
            (Some(foreign), _) => Some(foreign),
            (None, Some((place, _))) => Some((place, "a list of findings (`list-findings-v2`) has no action names")),
            (None, None) => None,
        };
        if let Some(((line, column), what)) = refused {
            let help = format!("export every finding with its details: `{EXPORT_COMMANDS}`");
            return Err(Error::new(what).at(self.read.export.path, line, column).help(help));
        }
        self.read.export.findings += usize::from(self.read.bare.is_some());
        if let Some((_, count)) = self.without_details {
            let verb = if count == 1 { "finding has" } else { "findings have" };
            self.warn(&format!("{count} {verb} no details, and so no action names"));
        }
        if let Some(((line, _), what)) = self.foreign {
            self.warn(&format!("not everything is a finding (line {line}): {what}"));
        }
        if self.others > 0 {
            let verb = if self.others == 1 { "finding is" } else { "findings are" };
            self.warn(&format!("{} {verb} of other analyzers than unused access", self.others));
        }
        if self.dropped_warnings > 0 {
            self.read.export.warnings.push(format!("and {} more warnings", self.dropped_warnings));
        }
        Ok(self.read)
    }
}

/// What a finding is about: by its type, or by its details where it has none.
fn kind_of(element: &Element<'_>) -> Kind {
    let Some(named) = element.finding_type.as_deref() else {
        let kinds = || element.details.iter().flatten().map(|detail| detail.kind);
        return kinds().flatten().find(|kind| *kind != Kind::Other).unwrap_or_else(|| {
            // Details without a kind are Go's, and a finding without details is a line of a list.
            if kinds().any(|kind| kind == Some(Kind::Other)) { Kind::Other } else { Kind::Permission }
        });
    };
    match named.replace(['_', '-'], "").to_ascii_lowercase().as_str() {
        "unusedpermission" => Kind::Permission,
        "unusediamrole" => Kind::Role,
        "unusediamuseraccesskey" => Kind::AccessKey,
        "unusediamuserpassword" => Kind::Password,
        _ => Kind::Other,
    }
}

/// What an element is, if it is known to be no finding.
fn foreign_kind(element: &Element<'_>) -> Option<&'static str> {
    let has = |key: Key| element.seen.has(key);
    if has(Key::DetailType) || has(Key::NumberOfUnusedActions) {
        return Some("an EventBridge event has no action names, only counts");
    }
    if has(Key::ProductFields) {
        return Some("a Security Hub finding (ASFF) has no action names, only counts");
    }
    let is_finding = has(Key::Resource) || has(Key::FindingDetails) || (has(Key::Id) && has(Key::AnalyzedAt));
    (!is_finding).then_some("this is no findings export")
}

/// `GetObject` of `s3:GetObject` under `s3`; a name without a prefix as it is; `None` for another service's.
pub(super) fn bare_name<'n>(service: &str, name: &'n str) -> Option<&'n str> {
    match name.split_once(':') {
        None => Some(name),
        Some((prefix, bare)) => prefix.eq_ignore_ascii_case(service).then_some(bare),
    }
}

pub(super) fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_plain)
}

fn clipped(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_QUOTED) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
    }
}

/// A value of an API other than Access Analyzer's, its keys in lower case without `_` and `-`.
pub(super) fn normalized<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    serde_json::from_value(with_normal_keys(value)).map_err(|error| clipped(&error.to_string()).into_owned())
}

/// Depth is bounded by the parser's limit on nesting.
fn with_normal_keys(value: Value) -> Value {
    let normal = |key: String| key.replace(['_', '-'], "").to_ascii_lowercase();
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (normal(key), with_normal_keys(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(with_normal_keys).collect()),
        other => other,
    }
}
