use jiff::civil::date;

use super::*;
use crate::audit::ServiceAudit;
use crate::catalog::Catalog;
use crate::claims::{Claim, Claims};
use crate::finding::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};
use crate::refine;

const PLAIN: Style = Style { color: false, unicode: false, width: 80, verbosity: Verbosity::Normal };
const COLORED: Style = Style { color: true, unicode: true, ..PLAIN };

const APP: &str = "arn:aws:iam::123456789012:role/app";

/// Explains a pattern of SQS, of which these actions are unused; all of it if there are none.
fn explained(pattern: &str, unused: &[&str], style: &Style) -> String {
    let action = |name: &&str| UnusedAction { name: (*name).into(), last_accessed: Some(date(2026, 1, 15)) };
    let actions = match unused {
        [] => UnusedActions::Whole,
        names => UnusedActions::Only(names.iter().map(action).collect()),
    };
    let service = UnusedService { prefix: "sqs".into(), last_accessed: None, actions };
    let unused = UnusedPermissions { services: vec![service], ..UnusedPermissions::default() };
    let (catalog, pattern) = (Catalog::embedded(), ActionPattern::new(pattern));
    let claims = Claims::new(vec![Claim { unused: &unused, allowed: Vec::new() }]);
    let (service, name) = pattern.named().unwrap();
    let audit = ServiceAudit::new(service, &catalog, &claims).entry(name);
    render(
        &Subject {
            pattern: &pattern,
            audit: &audit,
            change: &refine::replacement(&pattern, &audit),
            identities: &[APP],
            findings_date: Some(date(2026, 10, 12)),
            catalog_date: Some(date(2026, 9, 26)),
        },
        style,
    )
}

#[test]
fn a_wildcard_is_drawn_as_the_tree_of_what_it_grants() {
    let expected = "\
`sqs:*Message*` is replaced by 5 entries: 2 of its 7 actions are unused
  findings of 2026-10-12 of arn:aws:iam::123456789012:role/app; catalogue of
  2026-09-26
  kept: 5 whose use is never tracked

sqs:*Message*
|-- Change   safe -> sqs:ChangeMessageVisibility (untracked)
|-- Delete   safe -> sqs:DeleteMessage (untracked)
|-- List     safe -> sqs:ListMessageMoveTasks (untracked)
|-- Receive  safe -> sqs:ReceiveMessage (untracked)
|-- Start    safe -> sqs:StartMessageMoveTask (untracked)
`-- 2 more actions, all unused
      CancelMessageMoveTask (last used 2026-01-15), SendMessage (last used
      2026-01-15)

in its place, and why none of them is shorter:
  sqs:ChangeMessageVisibility  CancelMessageMoveTask is unused, so not every name will do
  sqs:DeleteMessage            CancelMessageMoveTask is unused, so not every name will do
  sqs:ListMessageMoveTasks     CancelMessageMoveTask is unused, so not every name will do
  sqs:ReceiveMessage           CancelMessageMoveTask is unused, so not every name will do
  sqs:StartMessageMoveTask     CancelMessageMoveTask is unused, so not every name will do
";
    assert_eq!(explained("sqs:*Message*", &["CancelMessageMoveTask", "SendMessage"], &PLAIN), expected);
}

#[test]
fn safe_nodes_are_green_and_unsafe_ones_orange() {
    let tree = "\
└── {orange}List{end}            unsafe: begins ListQueues, unused
    ├── {green}ListDead{end}    safe → {bold}sqs:ListDeadLetterSourceQueues{end} (untracked)
    └── {orange}ListQueues{end}  unused, last used 2026-01-15
";
    let inks = [("{orange}", "\u{1b}[38;5;208m"), ("{green}", "\u{1b}[32m"), ("{bold}", "\u{1b}[1m")];
    let colored = inks.iter().fold(tree.replace("{end}", "\u{1b}[0m"), |text, (name, ink)| text.replace(name, ink));
    let text = explained("sqs:*Queues", &["ListQueues"], &COLORED);
    let undimmed = text.replace("\u{1b}[2m└── \u{1b}[0m", "└── ").replace("\u{1b}[2m    ├── \u{1b}[0m", "    ├── ");
    let undimmed = undimmed.replace("\u{1b}[2m    └── \u{1b}[0m", "    └── ");
    assert!(undimmed.contains(&colored), "{text:?}");
}

#[test]
fn what_is_kept_below_a_safe_node_is_drawn_on_request() {
    let short = "\
|-- Delete     safe -> sqs:Delete*
|     DeleteMessage (untracked), DeleteQueue
";
    let long = "\
|-- Delete                          safe -> sqs:Delete*
|   |-- DeleteMessage               kept, untracked
|   `-- DeleteQueue                 kept
";
    let verbose = Style { verbosity: Verbosity::Verbose, ..PLAIN };
    for (style, expected) in [(PLAIN, short), (verbose, long)] {
        let text = explained("sqs:*", &["NewAction"], &style);
        assert!(text.contains(expected), "{text}");
        assert!(
            text.contains("  the catalogue does not know `sqs:NewAction`, so nobody knows what else the\n"),
            "{text}"
        );
    }
}

#[test]
fn each_new_entry_names_the_unused_action_that_a_shorter_one_would_grant() {
    let text = explained("sqs:List*", &["ListQueueTags"], &PLAIN);
    assert!(text.contains("  sqs:ListQueues                  `List` also begins ListQueueTags"), "{text}");
}

#[test]
fn what_is_not_replaced_is_said_in_a_line() {
    let cases: [(&str, &[&str], &str); 7] = [
        ("sqs:*", &[], "`sqs:*` is removed: all of its 20 actions are unused"),
        ("sqs:SendMessage", &[], "`sqs:SendMessage` is removed: it is unused"),
        ("sqs:SendMessage", &["ListQueues"], "`sqs:SendMessage` stays as it is: it is not reported unused"),
        ("sqs:List*", &["SendMessage"], "`sqs:List*` stays as it is: none of its 4 actions is reported unused"),
        ("sqs:Bogus*", &["x"], "`sqs:Bogus*` stays as it is: it matches no action in the catalogue of 2026-09-26"),
        ("sqs:N*", &["NewAction"], "`sqs:N*` stays as it is, although all that is known of it is unused"),
        (
            "sqs:\u{1b}[2J##[error]\u{202e}*",
            &["x"],
            "`sqs:␛[2J## [error]\u{fffd}*` stays as it is: it matches no action in the catalogue of 2026-09-26",
        ),
    ];
    for (pattern, unused, expected) in cases {
        assert_eq!(explained(pattern, unused, &PLAIN).lines().next(), Some(expected), "{pattern}");
    }
}
