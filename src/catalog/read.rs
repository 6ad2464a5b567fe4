//! Catalogues of the user's: our own form, `service:Action` lines, or a folder of action lists by service.
//!
//! A source that does not say how the use of an action can be seen takes that from the catalogue in use.

use jiff::civil::Date;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

use super::{Catalog, DATE_LINE, Draft, HEADER, RETIRED, Tracking};
use crate::error::Error;

const EMPTY_HELP: &str = "a catalogue is a file of `service:Action` lines, or a folder of action lists by service";

impl Catalog {
    /// Reads a text of either form; `path` is what messages call it, `in_use` supplies what it does not say.
    ///
    /// # Errors
    /// If a line is neither, with its place, or if there is no action at all.
    pub fn from_text(path: &str, text: &str, in_use: &Self) -> Result<Self, Error> {
        let text = text.trim_start_matches('\u{feff}');
        let is_own = text.lines().next().is_some_and(|line| line == HEADER);
        let mut draft = Draft::default();
        let mut date = None;
        let mut section = None;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end();
            let wrong = |what: &str| Err(Error::new(what).at(path, index + 1, 1).help(EMPTY_HELP));
            if let Some(day) = line.strip_prefix(DATE_LINE) {
                match day.parse() {
                    Ok(day) => date = Some(day),
                    Err(_) => return wrong(&format!("`{day}` is no date such as 2026-09-26")),
                }
            } else if line.is_empty() || line.starts_with('#') {
            } else if is_own {
                let Some(()) = own_line(line, &mut section, &mut draft) else {
                    return wrong(&format!("`{line}` is neither a service nor an action of one"));
                };
            } else {
                let Some((prefix, name)) =
                    line.trim_start().split_once(':').filter(|(p, n)| is_prefix(p) && is_name(n))
                else {
                    return wrong(&format!("`{line}` is no action such as `s3:GetObject`"));
                };
                draft.add(prefix, name, Some(in_use.tracking(prefix, name)));
            }
        }
        finish(path, draft, date, if is_own { None } else { Some(in_use) })
    }

    /// Reads a folder of action lists: a JSON object per service, by file name and content, or AWS's service reference.
    ///
    /// # Errors
    /// If a file is no such list, or if there is no action at all.
    pub fn from_action_lists(
        path: &str,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
        date: Option<Date>,
        in_use: &Self,
    ) -> Result<Self, Error> {
        let mut draft = Draft::default();
        let mut calls = Calls::default();
        for (name, content) in files {
            let Some(prefix) = name.strip_suffix(".json").filter(|prefix| is_prefix(prefix)) else { continue };
            let place = format!("{path}/{name}");
            let wrong = |error: serde_json::Error| {
                let text = error.to_string();
                let cause = text.split(" at line ").next().unwrap_or_default();
                Error::new("this is no list of actions").at(&place, error.line(), error.column()).because(cause)
            };
            let reference: Reference = match content.iter().find(|byte| !byte.is_ascii_whitespace()) {
                // The index of the service reference.
                Some(b'[') => continue,
                _ => serde_json::from_slice(&content).map_err(wrong)?,
            };
            let Some(actions) = reference.actions else {
                let list: BTreeMap<String, ListedAction> = serde_json::from_slice(&content).map_err(wrong)?;
                for action in list.into_values() {
                    let tracking = in_use.tracking(prefix, &action.name);
                    add(&mut draft, &place, prefix, &action.name, tracking)?;
                }
                continue;
            };
            let prefix = reference.name.filter(|name| is_prefix(name)).unwrap_or_else(|| prefix.to_owned());
            for action in actions {
                let is_tracked = action.supported_by.get(LAST_ACCESSED) == Some(&true);
                let tracking = match in_use.tracking(&prefix, &action.name) {
                    _ if is_tracked => Tracking::Tracked,
                    Tracking::CrossServiceOnly => Tracking::CrossServiceOnly,
                    Tracking::Tracked | Tracking::Untracked => Tracking::Untracked,
                };
                add(&mut draft, &place, &prefix, &action.name, tracking)?;
            }
            calls.take(&prefix, reference.operations.unwrap_or_default());
        }
        calls.mark(&mut draft);
        finish(path, draft, date, Some(in_use))
    }

    fn tracking(&self, prefix: &str, name: &str) -> Tracking {
        let action = self.section(prefix).and_then(|service| service.action(name));
        action.map_or(Tracking::Untracked, |action| action.tracking)
    }
}

/// One action of a list; the rest of it is not needed.
#[derive(Deserialize)]
struct ListedAction {
    name: String,
}

/// The key in `SupportedBy` that says whether action-level last-accessed information exists.
const LAST_ACCESSED: &str = "IAM Action Last Accessed";

/// A file of the service reference
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>), as far as it is needed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reference {
    #[serde(default, deserialize_with = "if_string")]
    name: Option<String>,
    #[serde(default)]
    actions: Option<Vec<ReferenceAction>>,
    #[serde(default)]
    operations: Option<Vec<Operation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReferenceAction {
    name: String,
    #[serde(default)]
    supported_by: BTreeMap<String, bool>,
}

/// An API call, and the permissions that it checks.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Operation {
    #[serde(default)]
    authorized_actions: Option<Vec<AuthorizedAction>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuthorizedAction {
    name: String,
    #[serde(default)]
    service: Option<String>,
}

/// Which permissions the calls of their own service check, and which those of another, by lower-case prefix and name.
#[derive(Default)]
struct Calls {
    own: BTreeSet<(String, String)>,
    others: BTreeSet<(String, String)>,
}

impl Calls {
    fn take(&mut self, prefix: &str, operations: Vec<Operation>) {
        for action in operations.into_iter().filter_map(|operation| operation.authorized_actions).flatten() {
            let service = action.service.as_deref().unwrap_or(prefix).to_ascii_lowercase();
            let is_own = service.eq_ignore_ascii_case(prefix);
            let checked = if is_own { &mut self.own } else { &mut self.others };
            checked.insert((service, action.name.to_ascii_lowercase()));
        }
    }

    /// Marks the untracked actions that only other services' calls check.
    ///
    /// What the catalogue in use says of actions that no call is known to check stays: it keeps them.
    fn mark(&self, draft: &mut Draft) {
        let mut set = |(prefix, name): &(String, String), known: Tracking, new: Tracking| {
            let action = draft.services.get_mut(prefix).and_then(|service| service.get_mut(name));
            if let Some((_, tracking)) = action.filter(|(_, tracking)| *tracking == Some(known)) {
                *tracking = Some(new);
            }
        };
        self.own.iter().for_each(|action| set(action, Tracking::CrossServiceOnly, Tracking::Untracked));
        let only_others = self.others.difference(&self.own);
        only_others.for_each(|action| set(action, Tracking::Untracked, Tracking::CrossServiceOnly));
    }
}

/// A string, or none where the member is something else, such as an action of that name.
fn if_string<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)?.as_str().map(str::to_owned))
}

fn add(draft: &mut Draft, place: &str, prefix: &str, name: &str, tracking: Tracking) -> Result<(), Error> {
    if !is_name(name) {
        return Err(Error::new(format!("`{name}` is no action name")).in_file(place));
    }
    draft.add(prefix, name, Some(tracking));
    Ok(())
}

/// The date in the version of a package of action lists: `0.21.202609261` is the first of 2026-09-26.
#[must_use]
pub fn date_of_version(version: &str) -> Option<Date> {
    let digits = version.rsplit('.').next()?;
    let (day, _) = digits.split_at_checked(8)?;
    Date::strptime("%Y%m%d", day).ok()
}

fn own_line(line: &str, section: &mut Option<String>, draft: &mut Draft) -> Option<()> {
    if let Some(prefix) = line.strip_prefix('@').filter(|prefix| is_prefix(prefix)) {
        *section = Some(prefix.to_owned());
        return Some(());
    }
    let (mark, name) = line.split_at_checked(1).filter(|(_, name)| is_name(name))?;
    let mark = mark.chars().next()?;
    let tracking = Tracking::of_mark(mark);
    (tracking.is_some() || mark == RETIRED).then_some(())?;
    draft.add(section.as_deref()?, name, tracking);
    Some(())
}

/// A text that says nothing of retired names keeps those of the catalogue in use, so that old policies raise no alarm.
fn finish(path: &str, mut draft: Draft, date: Option<Date>, in_use: Option<&Catalog>) -> Result<Catalog, Error> {
    if draft.services.is_empty() {
        return Err(Error::new("there is no action in this catalogue").in_file(path).help(EMPTY_HELP));
    }
    for section in in_use.into_iter().flat_map(Catalog::sections) {
        for line in section.body.lines().filter_map(|line| line.get(1..)) {
            if !draft.has(section.prefix, line) {
                draft.add(section.prefix, line, None);
            }
        }
    }
    Ok(draft.finish(date))
}

fn is_prefix(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Catalog, Error> {
        Catalog::from_text("c.txt", text, &Catalog::embedded())
    }

    #[test]
    fn lines_of_actions_take_what_they_do_not_say_from_the_catalogue_in_use() {
        let catalog = read(
            "\u{feff}# mine\r\n# date 2024-06-15\r\n\r\nS3:GetObject\r\ns3:GetBucketAcl\r\niam:PassRole\r\nx:New\r\n",
        )
        .unwrap();
        assert_eq!((catalog.counts(), catalog.date()), ((3, 4), Some(jiff::civil::date(2024, 6, 15))));
        let tracking =
            |prefix: &str, name: &str| catalog.service(prefix).and_then(|s| s.action(name)).map(|a| a.tracking);
        assert_eq!(tracking("s3", "GetBucketAcl"), Some(Tracking::Tracked));
        assert_eq!(tracking("iam", "passrole"), Some(Tracking::CrossServiceOnly));
        assert_eq!(tracking("x", "New"), Some(Tracking::Untracked));
        assert!(catalog.retired("s3").any(|name| name == "ListBucket"), "what is not listed raises no alarm");
    }

    #[test]
    fn our_own_form_reads_back_to_the_same_text() {
        let embedded = Catalog::embedded();
        assert_eq!(read(embedded.as_text()).unwrap(), embedded);
    }

    #[test]
    fn what_is_no_catalogue_is_refused_with_its_place() {
        let cases = [
            ("s3:Get*\n", "c.txt:1:1: `s3:Get*` is no action such as `s3:GetObject`"),
            ("s3:GetObject\nnothing\n", "c.txt:2:1: `nothing` is no action such as `s3:GetObject`"),
            ("# date soon\n", "c.txt:1:1: `soon` is no date such as 2026-09-26"),
            (
                "# iamtrim catalogue 1\n+GetObject\n",
                "c.txt:2:1: `+GetObject` is neither a service nor an action of one",
            ),
            ("", "c.txt: there is no action in this catalogue"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn the_service_reference_says_how_the_use_of_an_action_can_be_seen() {
        let file = |name: &str, text: &str| (format!("{name}.json"), text.as_bytes().to_vec());
        let files = [
            file("index", r#"[{"service":"lambda","url":"https://example.com/lambda.json"}]"#),
            file(
                "iam",
                r#"{"Name":"iam","Version":"v1.4","Actions":[{"Name":"PassRole","SupportedBy":{"IAM Action Last Accessed":false}},
                    {"Name":"GetRole","SupportedBy":{"IAM Action Last Accessed":true}},
                    {"Name":"ListRoles","SupportedBy":{"IAM Action Last Accessed":false}}],
                    "Operations":[{"Name":"ListRoles","AuthorizedActions":[{"Name":"ListRoles","Service":"iam"}]}]}"#,
            ),
            file(
                "lambda",
                r#"{"Name":"lambda","Actions":[{"Name":"InvokeFunction"}],"Operations":[{"Name":"CreateFunction","AuthorizedActions":[
                    {"Name":"PassRole","Service":"iam","Context":{"iam:PassedToService":["lambda.amazonaws.com"]}},
                    {"Name":"GetRole","Service":"iam"},{"Name":"ListRoles","Service":"iam"}]}]}"#,
            ),
        ];
        let date = Some(jiff::civil::date(2026, 2, 13));
        let catalog = Catalog::from_action_lists("reference", files, date, &Catalog::embedded()).unwrap();
        assert_eq!(catalog.date(), date);
        let tracking = |prefix: &str, name: &str| catalog.service(prefix).unwrap().action(name).map(|a| a.tracking);
        let cases = [
            ("iam", "PassRole", Tracking::CrossServiceOnly),
            ("iam", "GetRole", Tracking::Tracked),
            ("iam", "ListRoles", Tracking::Untracked),
            ("lambda", "InvokeFunction", Tracking::Untracked),
        ];
        for (prefix, name, expected) in cases {
            assert_eq!(tracking(prefix, name), Some(expected), "{prefix}:{name}");
        }
        assert_eq!(catalog.counts(), (2, 4));
        let broken = [file("s3", r#"{"Name":"s3","Actions":[{"Nam":"x"}]}"#)];
        let error = Catalog::from_action_lists("reference", broken, None, &Catalog::embedded()).unwrap_err();
        assert_eq!(error.to_string(), "reference/s3.json:1:35: this is no list of actions: missing field `Name`");
    }

    #[test]
    fn a_folder_of_lists_is_read_and_dated_by_its_version() {
        let files = [("s3.json".to_owned(), br#"{"getobject": {"name": "GetObject", "isWrite": false}}"#.to_vec())];
        let date = date_of_version("0.21.202609261");
        let catalog = Catalog::from_action_lists("actions", files, date, &Catalog::embedded()).unwrap();
        assert_eq!((catalog.counts(), catalog.date()), ((1, 1), Some(jiff::civil::date(2026, 9, 26))));
        assert_eq!(date_of_version("1.0.0"), None);
    }
}
