//! Why a pattern is replaced as it is: the trie of its actions, what each node gives, and why nothing shorter will do.

mod tree;

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::audit::{CatalogGap, EntryAudit, Granted, Verdict};
use crate::catalog::Tracking;
use crate::policy::action::ActionPattern;
use crate::refine::EntryChange;
use crate::refine::trie::{Emission, Trie};
use crate::report::inert;
use crate::report::style::{Ink, Style, Verbosity, count, wrap};

/// What is explained.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The pattern.
    pub pattern: &'a ActionPattern,
    /// What it grants.
    pub audit: &'a EntryAudit<'a>,
    /// What becomes of it.
    pub change: &'a EntryChange,
    /// The ARNs of whom the findings speak; an empty one where they name nobody.
    pub identities: &'a [&'a str],
    /// The day of the newest finding.
    pub findings_date: Option<Date>,
    /// The day of the catalogue.
    pub catalog_date: Option<Date>,
}

/// How many names a line lists before it counts the rest.
const NAMES: usize = 8;

/// Explains what becomes of a pattern.
#[must_use]
pub fn render(subject: &Subject<'_>, style: &Style) -> String {
    let mut out = String::new();
    line(&mut out, &verdict(subject, style));
    for fact in facts(subject) {
        let wrapped = wrap(&fact, style.width.saturating_sub(2));
        wrapped.iter().for_each(|text| line(&mut out, &format!("  {}", style.paint(Ink::Dim, text))));
    }
    if let (EntryChange::Replace(patterns), Some((_, name))) = (subject.change, subject.pattern.named()) {
        let trie = Trie::new(name, &subject.audit.granted, subject.audit.whole_service.as_ref());
        let emissions = trie.emissions();
        let service = inert::line(subject.pattern.service_as_written()).into_owned();
        line(&mut out, "");
        let pattern = inert::line(subject.pattern.as_str()).into_owned();
        let drawing = tree::Drawing { trie: &trie, emissions: &emissions, service: &service, pattern: &pattern, style };
        tree::draw(&mut out, &drawing);
        line(&mut out, "");
        write_replacement(&mut out, patterns, &trie, &emissions, style);
    } else if style.verbosity == Verbosity::Verbose && subject.audit.granted.len() > 1 {
        subject.audit.granted.iter().for_each(|action| line(&mut out, &format!("  {}", described(action))));
    }
    inert::styled(&out).into_owned()
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", text.trim_end());
}

/// What becomes of it, in a line.
fn verdict(subject: &Subject<'_>, style: &Style) -> String {
    let (audit, all) = (subject.audit, subject.audit.granted.len());
    let unused = audit.granted.iter().filter(|action| action.unused).count();
    let pattern = style.paint(Ink::Bold, &format!("`{}`", inert::line(subject.pattern.as_str())));
    let is_literal = subject.pattern.named().is_some_and(|(_, name)| name.is_literal());
    let good = |text: &str| style.paint(Ink::Green, text);
    let bad = |text: &str| style.paint(Ink::Orange, text);
    match subject.change {
        EntryChange::Replace(patterns) => {
            let (entries, are) = (count(patterns.len(), "entry"), if unused == 1 { "is" } else { "are" });
            format!("{pattern} {} by {entries}: {unused} of its {all} actions {are} unused", bad("is replaced"))
        }
        EntryChange::KeepForGap | EntryChange::KeepFixed => {
            format!("{pattern} {}, although all that is known of it is unused", good("stays as it is"))
        }
        EntryChange::Remove { .. } if is_literal => format!("{pattern} {}: it is unused", bad("is removed")),
        EntryChange::Remove { .. } => {
            format!("{pattern} {}: {} unused", bad("is removed"), all_of(all, "is", "are"))
        }
        EntryChange::Keep if audit.verdict == Verdict::Unknown => {
            let catalog = subject.catalog_date.map(|date| format!(" of {date}")).unwrap_or_default();
            format!("{pattern} {}: it matches no action in the catalogue{catalog}", good("stays as it is"))
        }
        EntryChange::Keep if is_literal => format!("{pattern} {}: it is not reported unused", good("stays as it is")),
        EntryChange::Keep => {
            let none =
                if all == 1 { "its one action is not".to_owned() } else { format!("none of its {all} actions is") };
            format!("{pattern} {}: {none} reported unused", good("stays as it is"))
        }
    }
}

fn all_of(all: usize, is: &str, are: &str) -> String {
    if all == 1 { format!("its one action {is}") } else { format!("all of its {all} actions {are}") }
}

/// What that rests on.
fn facts(subject: &Subject<'_>) -> Vec<String> {
    let audit = subject.audit;
    let mut facts = vec![evidence(subject)];
    if let Some(gap) = &audit.catalog_gap {
        let (CatalogGap::Service(name) | CatalogGap::Action(name)) = gap;
        let name = inert::line(name);
        facts.push(format!("the catalogue does not know `{name}`, so nobody knows what else the wildcard grants"));
    }
    if let Some(whole) = &audit.whole_service {
        facts.push(whole.last_accessed.map_or_else(
            || "no use of the whole service on record".to_owned(),
            |date| format!("the service as a whole was last used {date}"),
        ));
    }
    facts.extend(kept(audit));
    if matches!(subject.change, EntryChange::Remove { .. }) {
        facts.push(match audit.granted.as_slice() {
            [only] => detail(only).unwrap_or_else(|| "no use on record".to_owned()),
            all => names(&all.iter().map(described).collect::<Vec<_>>()),
        });
    }
    facts
}

fn evidence(subject: &Subject<'_>) -> String {
    let date = |date: Option<Date>| date.map(|date| format!(" of {date}")).unwrap_or_default();
    let catalog = format!("catalogue{}", date(subject.catalog_date));
    let whose: Vec<String> =
        subject.identities.iter().filter(|arn| !arn.is_empty()).map(|arn| inert::line(arn).into_owned()).collect();
    match (subject.identities, whose.as_slice()) {
        ([], _) => format!("no usable finding speaks of it, and what is not listed is not unused; {catalog}"),
        (_, []) => format!("findings{} that name no identity; {catalog}", date(subject.findings_date)),
        (_, whose) => format!("findings{} of {}; {catalog}", date(subject.findings_date), names(whose)),
    }
}

/// How many actions are kept, and why.
fn kept(audit: &EntryAudit) -> Option<String> {
    let of = |tracking: Option<Tracking>| audit.granted.iter().filter(|a| !a.unused && a.tracking == tracking).count();
    let parts = [
        (of(Some(Tracking::Tracked)), "not reported unused"),
        (of(Some(Tracking::Untracked)) + of(None), "whose use is never tracked"),
        (of(Some(Tracking::CrossServiceOnly)), "whose use shows only in other services"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, why)| format!("{number} {why}")).collect();
    (!said.is_empty()).then(|| format!("kept: {}", said.join(", ")))
}

/// An action and what is known of it.
fn described(action: &Granted) -> String {
    let name = inert::line(&action.spelled);
    detail(action).map_or_else(|| name.to_string(), |detail| format!("{name} ({detail})"))
}

/// What is known of an action besides whether it is unused.
fn detail(action: &Granted) -> Option<String> {
    match (action.unused, action.last_accessed, action.tracking) {
        (true, last, _) => last.map(|date| format!("last used {date}")),
        (false, _, Some(Tracking::Tracked)) => None,
        (false, _, Some(Tracking::CrossServiceOnly)) => Some("its use shows only in other services".to_owned()),
        (false, _, Some(Tracking::Untracked) | None) => Some("untracked".to_owned()),
    }
}

/// Names, the first few of them.
fn names(all: &[String]) -> String {
    let shown = all.get(..NAMES).filter(|_| all.len() > NAMES + 1).unwrap_or(all);
    let rest = if shown.len() < all.len() { format!(" and {} more", all.len() - shown.len()) } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

/// The entries that take its place, each with what keeps it from being shorter.
fn write_replacement(
    out: &mut String,
    patterns: &[ActionPattern],
    trie: &Trie<'_>,
    emissions: &[Emission],
    style: &Style,
) {
    line(out, &format!("{}, and why none of them is shorter:", style.paint(Ink::Bold, "in its place")));
    let width = patterns.iter().map(|pattern| pattern.as_str().chars().count()).max().unwrap_or_default().min(60);
    for pattern in patterns {
        let text = inert::line(pattern.as_str());
        let name = pattern.as_str().split_once(':').map_or("", |(_, name)| name);
        let emission = emissions.iter().find(|emission| emission.name == name);
        let why = emission.and_then(|emission| why_not_shorter(trie, emission)).unwrap_or_default();
        let padding = " ".repeat(width.saturating_sub(text.chars().count()));
        line(out, &format!("  {}{padding}  {}", style.paint(Ink::Green, &text), style.paint(Ink::Dim, &why)));
    }
}

fn why_not_shorter(trie: &Trie<'_>, emission: &Emission) -> Option<String> {
    let prefix = trie.node(emission.unsafe_prefix)?.text;
    let first = unused_beginning_with(trie, prefix).next()?;
    let first = inert::line(&first.spelled);
    Some(match prefix {
        "" => format!("{first} is unused, so not every name will do"),
        _ => format!("`{}` also begins {first}, which is unused", inert::line(prefix)),
    })
}

/// The unused actions that start with a prefix, as strings.
fn unused_beginning_with<'t>(trie: &'t Trie<'_>, prefix: &str) -> impl Iterator<Item = &'t Granted<'t>> + use<'t> {
    let prefix = prefix.to_ascii_lowercase();
    trie.names().iter().filter(move |action| action.unused && action.lower.starts_with(&prefix))
}

#[cfg(test)]
mod tests;
