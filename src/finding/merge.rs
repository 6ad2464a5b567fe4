//! Exports, one after the other → what counts of each identity's findings.
//!
//! Of several ACTIVE findings only the newest counts; of two of the same time, what both report. Union is made inside
//! one finding only.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use jiff::civil::Date;

use super::element::{Detail, Element, Key, Permission};
use super::stream::{Item, Part, Stream};
use super::{
    Evidence, Export, IdentityEvidence, Permissions, ReadOptions, Selection, Unusable, UnusedAction, UnusedActions,
    UnusedIdentity, UnusedPermissions, UnusedService,
};
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// How many warnings of one export are kept; the rest is counted.
const MAX_WARNINGS: usize = 20;

/// How much of a text a warning quotes, in characters.
const MAX_QUOTED: usize = 120;

/// The longest name of an action, in bytes; the longest that AWS has is 64.
const MAX_NAME: usize = 256;

const COMMAND_HELP: &str = "export each finding of the list with `aws accessanalyzer get-finding-v2 --analyzer-arn ARN --id ID`, as docs/findings.md shows";

/// Reads exports one after the other and keeps what counts.
#[derive(Debug, Default)]
pub struct EvidenceBuilder {
    selection: Selection,
    identities: BTreeMap<IdentityArn, Candidate>,
    anonymous: Option<UnusedPermissions>,
    exports: Vec<Export>,
    words: HashSet<Arc<str>>,
}

/// What is known so far of one identity.
#[derive(Debug, Default)]
struct Candidate {
    newest: Option<(Option<Timestamp>, Newest)>,
    is_archived: bool,
    is_resolved: bool,
    unused_role: Option<(Option<Timestamp>, UnusedIdentity)>,
    exports: BTreeSet<u32>,
}

#[derive(Debug)]
enum Newest {
    Usable(UnusedPermissions),
    Failed,
}

/// What one export amounts to while it is read.
struct Reading<'a> {
    export: Export,
    index: u32,
    options: &'a ReadOptions<'a>,
    dropped_warnings: usize,
    bare: Option<UnusedPermissions>,
    without_details: usize,
    with_details: usize,
    foreign: Option<&'static str>,
    items: usize,
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
                .in_file(path)
                .help("PowerShell's `>` writes UTF-16: use `| Out-File -Encoding utf8`")),
            _ => self.read_text(path, without_mark(input).map_err(failed)?, options),
        }
    }

    fn read_text(&mut self, path: &str, input: impl Read, options: &ReadOptions<'_>) -> Result<(), Error> {
        let mut reading = Reading::new(path, u32::try_from(self.exports.len()).unwrap_or(u32::MAX), options);
        Stream::new(path, input).each(&mut |item| self.take(item, &mut reading))?;
        reading.check()?;
        if let Some(bare) = reading.bare.take() {
            self.take_bare(bare, &reading)?;
        }
        self.exports.push(reading.into_export());
        Ok(())
    }

    /// Notes an export that could not be used.
    pub fn warn(&mut self, path: &str, warning: &str) {
        let warnings = vec![warning.to_owned()];
        self.exports.push(Export { path: path.to_owned(), findings: 0, analyzed_at: None, warnings });
    }

    /// What counts of all that was read.
    #[must_use]
    pub fn finish(self) -> Evidence {
        let identities: Vec<IdentityEvidence> =
            self.identities.into_iter().map(|(arn, candidate)| candidate.finish(arn)).collect();
        let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, identity) in identities.iter().enumerate() {
            let indexes = by_name.entry(identity.arn.name().to_ascii_lowercase()).or_default();
            indexes.push(u32::try_from(index).unwrap_or(u32::MAX));
        }
        Evidence { identities, anonymous: self.anonymous, exports: self.exports, by_name }
    }

    fn take(&mut self, item: Item<'_>, reading: &mut Reading<'_>) -> Result<(), Error> {
        let path = reading.export.path.clone();
        let wrong = |error: serde_json::Error| item.error(&path, &error);
        if !self.selection.is_all()
            && item.resource.and_then(IdentityArn::parse).is_some_and(|arn| !self.selection.keeps(&arn))
        {
            reading.pass_over();
            return Ok(());
        }
        let element: Element<'_> = serde_json::from_slice(item.bytes).map_err(wrong)?;
        if item.part == Part::Envelope {
            if element.has_more {
                reading.warn("the list of findings goes on in a page that the export lacks");
            }
            return Ok(());
        }
        reading.items += 1;
        self.take_element(element, reading);
        Ok(())
    }

    fn take_element(&mut self, element: Element<'_>, reading: &mut Reading<'_>) {
        if let Some(permission) = element.bare.as_ref().filter(|_| element.resource.is_none()) {
            let mut services = reading.bare.take().unwrap_or_default().services;
            self.add_service(permission, reading, &mut services);
            reading.bare = Some(UnusedPermissions { services, ..UnusedPermissions::default() });
            return;
        }
        if let Some(kind) = foreign_kind(&element) {
            reading.foreign.get_or_insert(kind);
            return;
        }
        reading.count(&element);
        let Some(resource) = element.resource.as_deref() else {
            return reading.warn("a finding names no resource");
        };
        let Some(arn) = IdentityArn::parse(resource) else {
            return reading.warn(&format!("`{}` is no role or user", clipped(resource)));
        };
        if self.selection.keeps(&arn) {
            self.take_finding(arn, element, reading);
        }
    }

    fn take_finding(&mut self, arn: IdentityArn, mut element: Element<'_>, reading: &mut Reading<'_>) {
        let details = element.details.take();
        let is_permission = kind_is(&element, "unusedpermission", &details, |d| matches!(d, Detail::Permission(_)));
        let is_role = kind_is(&element, "unusediamrole", &details, |d| matches!(d, Detail::Role { .. }));
        let status = element.status.as_deref().unwrap_or("ACTIVE").to_ascii_uppercase();
        let candidate = self.identities.entry(arn.clone()).or_default();
        candidate.exports.insert(reading.index);
        match status.as_str() {
            "ACTIVE" => {}
            "ARCHIVED" => return candidate.is_archived |= is_permission,
            "RESOLVED" => return candidate.is_resolved |= is_permission,
            other => return reading.warn(&format!("`{}` is no status of a finding", clipped(other))),
        }
        let at = element.analyzed_at.timestamp();
        if is_role {
            candidate.take_role(at, &element, details.as_deref().unwrap_or_default());
        }
        if !is_permission {
            return;
        }
        let newest = if element.has_error {
            Newest::Failed
        } else if let Some(details) = details {
            Newest::Usable(self.permissions(&element, &details, reading))
        } else {
            return;
        };
        self.identities.entry(arn).or_default().take(at, newest);
    }

    fn permissions(
        &mut self,
        element: &Element<'_>,
        details: &[Detail<'_>],
        reading: &mut Reading<'_>,
    ) -> UnusedPermissions {
        let mut services = Vec::new();
        for detail in details {
            if let Detail::Permission(permission) = detail {
                self.add_service(permission, reading, &mut services);
            }
        }
        if element.has_more {
            reading.warn("a finding's list goes on in a page that the export lacks");
        }
        UnusedPermissions {
            findings: element.id.iter().map(|id| id.to_string()).collect(),
            analyzed_at: element.analyzed_at.timestamp(),
            services,
            truncated: element.has_more,
        }
    }

    /// Adds what one element says of a service to the services of its finding.
    fn add_service(
        &mut self,
        permission: &Permission<'_>,
        reading: &mut Reading<'_>,
        services: &mut Vec<UnusedService>,
    ) {
        let Some(service) = permission.service.as_deref().filter(|service| is_plain(service)) else {
            return reading.warn("unused permissions name no service");
        };
        let last_accessed = permission.last_accessed.date();
        let actions = if permission.actions.is_empty() {
            if reading.is_recent(permission.last_accessed) {
                return;
            }
            UnusedActions::Whole
        } else {
            UnusedActions::Only(self.names(service, permission, reading))
        };
        let prefix = self.word(&service.to_ascii_lowercase());
        match services.binary_search_by(|known| known.prefix.cmp(&prefix)) {
            Err(index) => services.insert(index, UnusedService { prefix, last_accessed, actions }),
            Ok(index) => {
                if let Some(known) = services.get_mut(index) {
                    known.last_accessed = known.last_accessed.max(last_accessed);
                    known.actions = either(std::mem::replace(&mut known.actions, UnusedActions::Whole), actions);
                }
            }
        }
    }

    /// The action names of a service, sorted, each once.
    fn names(&mut self, service: &str, permission: &Permission<'_>, reading: &mut Reading<'_>) -> Vec<UnusedAction> {
        let mut names = Vec::with_capacity(permission.actions.len());
        for action in &permission.actions {
            let Some(name) = bare_name(service, &action.name).filter(|name| is_plain(name)) else {
                reading.warn(&format!("`{}` is no action of `{}`", clipped(&action.name), clipped(service)));
                continue;
            };
            if !reading.is_recent(action.last_accessed) {
                names.push(UnusedAction { name: self.word(name), last_accessed: action.last_accessed.date() });
            }
        }
        sorted(names)
    }

    /// One copy of each word, however often exports repeat it.
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }

    fn take_bare(&mut self, bare: UnusedPermissions, reading: &Reading<'_>) -> Result<(), Error> {
        if let Some(arn) = reading.options.about {
            if self.selection.keeps(arn) {
                let candidate = self.identities.entry(arn.clone()).or_default();
                candidate.exports.insert(reading.index);
                candidate.take(None, Newest::Usable(bare));
            }
            return Ok(());
        }
        if self.anonymous.is_some() {
            return Err(Error::new("two exports name no identity")
                .in_file(&reading.export.path)
                .help("say whom each is about: `findings: [{ path: FILE, identity: ARN }]` in `.iamtrim.yaml`"));
        }
        self.anonymous = Some(bare);
        Ok(())
    }
}

/// Whether a finding is of a kind: by its type, or by its details where it has none.
fn kind_is(
    element: &Element<'_>,
    kind: &str,
    details: &Option<Vec<Detail<'_>>>,
    is: impl Fn(&Detail<'_>) -> bool,
) -> bool {
    match element.finding_type.as_deref() {
        Some(named) => named.replace(['_', '-'], "").eq_ignore_ascii_case(kind),
        None => details.iter().flatten().any(is),
    }
}

/// What an element is, if it is known to be no finding.
fn foreign_kind(element: &Element<'_>) -> Option<&'static str> {
    let has = |key: Key| element.seen.has(key);
    if has(Key::DetailType) {
        return Some("an EventBridge event has no action names, only counts");
    }
    if has(Key::ProductFields) {
        return Some("a Security Hub finding (ASFF) has no action names, only counts");
    }
    if has(Key::ServicesLastAccessed) {
        return Some("service last accessed details are not read yet");
    }
    if has(Key::RecommendedSteps) {
        return Some("recommendations are not read yet");
    }
    if has(Key::ClassUid) {
        return Some("OCSF findings are not read yet");
    }
    let is_finding = has(Key::Resource) || has(Key::FindingDetails) || (has(Key::Id) && has(Key::AnalyzedAt));
    (!is_finding).then_some("this is no findings export")
}

/// `GetObject` of `s3:GetObject` under `s3`; a name without a prefix as it is; `None` for another service's.
fn bare_name<'n>(service: &str, name: &'n str) -> Option<&'n str> {
    match name.split_once(':') {
        None => Some(name),
        Some((prefix, bare)) => prefix.eq_ignore_ascii_case(service).then_some(bare),
    }
}

fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_plain)
}

fn clipped(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_QUOTED) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
    }
}

/// By lower-case name, each once with its newest last access.
fn sorted(mut names: Vec<UnusedAction>) -> Vec<UnusedAction> {
    names.sort_by_cached_key(|action| {
        (action.name.to_ascii_lowercase(), std::cmp::Reverse(action.last_accessed), Arc::clone(&action.name))
    });
    names.dedup_by(|later, first| later.name.eq_ignore_ascii_case(&first.name));
    names
}

/// What one or the other reports.
fn either(a: UnusedActions, b: UnusedActions) -> UnusedActions {
    match (a, b) {
        (UnusedActions::Only(mut a), UnusedActions::Only(b)) => {
            a.extend(b);
            UnusedActions::Only(sorted(a))
        }
        _ => UnusedActions::Whole,
    }
}

/// What one and the other report.
fn both(a: UnusedPermissions, b: &UnusedPermissions) -> UnusedPermissions {
    let mut services = Vec::new();
    for service in a.services {
        let Ok(index) = b.services.binary_search_by(|other| other.prefix.cmp(&service.prefix)) else { continue };
        let Some(other) = b.services.get(index) else { continue };
        let actions = match (service.actions, &other.actions) {
            (UnusedActions::Whole, actions) => actions.clone(),
            (actions, UnusedActions::Whole) => actions,
            (UnusedActions::Only(names), UnusedActions::Only(others)) => {
                let others: HashSet<String> = others.iter().map(|action| action.name.to_ascii_lowercase()).collect();
                let common = names.into_iter().filter(|action| others.contains(&action.name.to_ascii_lowercase()));
                UnusedActions::Only(common.collect())
            }
        };
        if actions != UnusedActions::Only(Vec::new()) {
            let last_accessed = service.last_accessed.max(other.last_accessed);
            services.push(UnusedService { last_accessed, actions, ..service });
        }
    }
    let mut findings: Vec<String> = a.findings.into_iter().chain(b.findings.iter().cloned()).collect();
    findings.sort();
    findings.dedup();
    UnusedPermissions { findings, services, truncated: a.truncated || b.truncated, ..a_time(a.analyzed_at) }
}

fn a_time(analyzed_at: Option<Timestamp>) -> UnusedPermissions {
    UnusedPermissions { analyzed_at, ..UnusedPermissions::default() }
}

impl Candidate {
    /// Takes an ACTIVE finding; one without a time is older than any with one.
    fn take(&mut self, at: Option<Timestamp>, newest: Newest) {
        self.newest = match self.newest.take() {
            Some((known_at, known)) if known_at > at => Some((known_at, known)),
            Some((known_at, known)) if known_at == at => Some((at, known.and(newest))),
            _ => Some((at, newest)),
        };
    }

    fn take_role(&mut self, at: Option<Timestamp>, element: &Element<'_>, details: &[Detail<'_>]) {
        let last_accessed = details.iter().find_map(|detail| match detail {
            Detail::Role { last_accessed } => last_accessed.date(),
            Detail::Permission(_) | Detail::Other => None,
        });
        let finding = element.id.as_deref().unwrap_or_default().to_owned();
        let role = (at, UnusedIdentity { finding, last_accessed });
        let is_newer = |known: &(Option<Timestamp>, UnusedIdentity)| {
            (&role.0, &role.1.finding, role.1.last_accessed) > (&known.0, &known.1.finding, known.1.last_accessed)
        };
        if !element.has_error && self.unused_role.as_ref().is_none_or(is_newer) {
            self.unused_role = Some(role);
        }
    }

    fn finish(self, arn: IdentityArn) -> IdentityEvidence {
        let permissions = match self.newest {
            Some((_, Newest::Usable(unused))) => Permissions::Usable(unused),
            Some((_, Newest::Failed)) => Permissions::Unusable(Unusable::Failed),
            None if self.is_archived => Permissions::Unusable(Unusable::Archived),
            None if self.is_resolved => Permissions::Unusable(Unusable::Resolved),
            None => Permissions::Unusable(Unusable::None),
        };
        let unused_role = self.unused_role.map(|(_, role)| role);
        IdentityEvidence { arn, permissions, unused_role, exports: self.exports.into_iter().collect() }
    }
}

impl Newest {
    /// Two findings of the same time: what both report, and a failed one reports nothing either way.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Usable(a), Self::Usable(b)) => Self::Usable(both(a, &b)),
            (Self::Usable(one), Self::Failed) | (Self::Failed, Self::Usable(one)) => Self::Usable(one),
            (Self::Failed, Self::Failed) => Self::Failed,
        }
    }
}

impl<'a> Reading<'a> {
    fn new(path: &str, index: u32, options: &'a ReadOptions<'a>) -> Self {
        let export = Export { path: path.to_owned(), findings: 0, analyzed_at: None, warnings: Vec::new() };
        Self {
            export,
            index,
            options,
            dropped_warnings: 0,
            bare: None,
            without_details: 0,
            with_details: 0,
            foreign: None,
            items: 0,
        }
    }

    fn warn(&mut self, warning: &str) {
        if self.export.warnings.len() < MAX_WARNINGS {
            self.export.warnings.push(warning.to_owned());
        } else {
            self.dropped_warnings += 1;
        }
    }

    fn count(&mut self, element: &Element<'_>) {
        self.export.findings += 1;
        self.export.analyzed_at = self.export.analyzed_at.max(element.analyzed_at.timestamp());
        if element.details.is_some() || element.has_error {
            self.with_details += 1;
        } else {
            self.without_details += 1;
        }
        if element.analyzed_at == super::moment::Moment::Unreadable {
            self.warn("a finding's `analyzedAt` is no time");
        }
    }

    /// A finding of an identity that is not asked for; whether it has details is not looked at.
    fn pass_over(&mut self) {
        self.export.findings += 1;
        self.with_details += 1;
    }

    /// Whether something was last used too recently to be taken for unused; a time that cannot be read may be.
    fn is_recent(&self, last_accessed: super::moment::Moment) -> bool {
        use super::moment::Moment;
        let Some(since) = self.options.unused_since else { return false };
        last_accessed == Moment::Unreadable || last_accessed.date().is_some_and(|date: Date| date >= since)
    }

    /// Refuses an export of which nothing can be used, and says what it is.
    fn check(&mut self) -> Result<(), Error> {
        let is_usable = self.with_details > 0 || self.bare.is_some();
        let refuse = |what: &str| Err(Error::new(what).in_file(&self.export.path).help(COMMAND_HELP));
        match (self.foreign, self.without_details) {
            _ if is_usable => {}
            (Some(kind), _) => return refuse(kind),
            (None, 0) => return Ok(()),
            (None, _) => return refuse("a list of findings (`list-findings-v2`) has no action names"),
        }
        if self.without_details > 0 {
            let count = self.without_details;
            self.warn(&format!("{count} findings have no details and say nothing of actions"));
        }
        if let Some(kind) = self.foreign {
            self.warn(&format!("some values are no findings: {kind}"));
        }
        Ok(())
    }

    fn into_export(mut self) -> Export {
        if self.dropped_warnings > 0 {
            self.export.warnings.push(format!("and {} more such warnings", self.dropped_warnings));
        }
        self.export
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
