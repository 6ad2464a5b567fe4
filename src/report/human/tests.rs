use super::*;
use crate::diagnostic::{Place, PolicyListing, PolicyRef, Size, Summary};
use crate::edit::{Edit, Edits};
use crate::refine::safety::Applicability;
use crate::rule::Rule;
use crate::source::Span;

const PLAIN: Style = Style { color: false, unicode: true, width: 80, verbosity: Verbosity::Normal };
const POLICY: &str = r#"{
  "Statement": {
    "Sid": "Queue",
    "Effect": "Allow",
    "Action": [
      "sqs:*",
      "sqs:SendMessage"
    ],
    "Resource": "*"
  }
}
"#;

/// The place of a text in a file.
fn place(sources: &Sources, path: &str, text: &str) -> Place {
    let (id, file) = sources.iter().find(|(_, file)| file.path == path).unwrap();
    let start = file.text.find(text).unwrap();
    Place { path: path.to_owned(), file: Some(id), span: Span::new(start, start + text.len()) }
}

fn unused(place: Place, sid: &str, text: &str) -> Diagnostic {
    let whole = Span::new(0, place.span.end as usize + 40);
    let policy =
        PolicyRef { kind: "standalone", address: String::new(), statement: 0, sid: Some(sid.to_owned()), span: whole };
    Diagnostic {
        rule: Rule::UnusedAction,
        level: Level::Warning,
        message: format!("`{text}` is granted to role `app`, which does not use it"),
        place,
        policies: vec![policy],
        identities: Vec::new(),
        pattern: Some(text.to_owned()),
        unused: Vec::new(),
        kept: None,
        replacement: Some(Vec::new()),
        fix: None,
        label: "no use on record".to_owned(),
        notes: vec!["arn:aws:iam::123456789012:role/app (known by name): finding f of 2026-10-12".to_owned()],
        help: None,
        suppressed: None,
        fingerprint: 0,
    }
}

fn fix(sources: &Sources, edits: Vec<Edit>, applicability: Applicability, withheld: Option<&str>) -> Fix {
    let (file, source) = sources.iter().next().unwrap();
    Fix {
        id: format!("{}#0", source.path),
        path: source.path.clone(),
        file,
        applicability,
        withheld: withheld.map(str::to_owned),
        edits: Edits::new(edits).unwrap(),
        size: Size { before: 0, after: 0, quota: 6144 },
        site: (0, 0),
        written: false,
    }
}

/// A report of two entries of one statement and their fix.
fn two(sources: &Sources, applicability: Applicability, withheld: Option<&str>) -> Report {
    let mut wildcard = unused(place(sources, "app.json", "\"sqs:*\""), "Queue", "sqs:*");
    wildcard.rule = Rule::PartlyUsedWildcard;
    wildcard.replacement = Some(vec!["sqs:Get*".to_owned(), "sqs:ListQueues".to_owned()]);
    wildcard.notes.push(LATER_ACTIONS.to_owned());
    let literal = unused(place(sources, "app.json", "\"sqs:SendMessage\""), "Queue", "sqs:SendMessage");
    let (first, second) = (wildcard.place.span, literal.place.span);
    let edits = vec![
        Edit { span: first, replacement: "\"sqs:Get*\",\n      \"sqs:ListQueues\"".to_owned() },
        Edit::deletion(Span { start: first.end, end: second.end }),
    ];
    let fix = fix(sources, edits, applicability, withheld);
    let diagnostics = [wildcard, literal].map(|diagnostic| Diagnostic { fix: Some(fix.id.clone()), ..diagnostic });
    Report { diagnostics: diagnostics.into(), fixes: vec![fix], ..Report::default() }
}

#[test]
fn a_statement_is_told_entry_by_entry_and_its_fix_once() {
    let expected = "\
warning[partly-used-wildcard]: `sqs:*` is granted to role `app`, which does not use it
 --> app.json:6:7
  |
3 |     \"Sid\": \"Queue\",
  |             ----- in this statement
...
6 |       \"sqs:*\",
  |       ^^^^^^^ no use on record
  |
  = note: actions that AWS adds later are granted only if they fall under
          the new entries

warning[unused-action]: `sqs:SendMessage` is granted to role `app`, which does not use it
 --> app.json:7:7
  |
3 |     \"Sid\": \"Queue\",
  |             ----- in this statement
...
7 |       \"sqs:SendMessage\"
  |       ^^^^^^^^^^^^^^^^^ no use on record
  |
  = note: arn:aws:iam::123456789012:role/app (known by name): finding f of
          2026-10-12
unsafe fix: replace `sqs:*` by 2 entries, remove `sqs:SendMessage`
  |
6 -       \"sqs:*\",
7 -       \"sqs:SendMessage\"
6 +       \"sqs:Get*\",
7 +       \"sqs:ListQueues\"
  |
  = note: `app` is only seen in account 123456789012; `--fix=all` writes it

2 problems in 1 file (2 fixable with --fix=all)
";
    let sources = Sources::new(vec![SourceFile::new("app.json", POLICY)]);
    let report = two(&sources, Applicability::Unsafe, Some("`app` is only seen in account 123456789012"));
    assert_eq!(render(&report, &sources, &PLAIN), expected);
    let colored = render(&report, &sources, &Style { color: true, ..PLAIN });
    let removed = "\u{1b}[91m-       \"sqs:*\",\u{1b}[0m\n";
    assert!(colored.contains(removed) && colored.contains("\u{1b}[1;33munsafe fix\u{1b}[0m: "), "{colored:?}");
}

#[test]
fn a_long_line_is_cut_around_the_entry_and_its_fix_is_a_list() {
    let expected = "\
1 | ...tion\": [ \"sqs:*\", \"sqs:SendMessage\" ], \"Resource\": \"*\" } }            ...
  |                      ^^^^^^^^^^^^^^^^^ no use on record
  |
  = note: arn:aws:iam::123456789012:role/app (known by name): finding f of
          2026-10-12
display-only fix: replace `sqs:*` by 2 entries, remove `sqs:SendMessage`
  |
1 - sqs:*
  + sqs:Get*, sqs:ListQueues
1 - sqs:SendMessage
  |
  = note: never written: git ignores it

2 problems in 1 file
";
    let policy = POLICY.split_whitespace().collect::<Vec<_>>().join(" ");
    let minified = format!("{}{policy}{}", " ".repeat(5_000), " ".repeat(5_000));
    let sources = Sources::new(vec![SourceFile::new("app.json", minified)]);
    let text = render(&two(&sources, Applicability::DisplayOnly, Some("git ignores it")), &sources, &PLAIN);
    assert!(text.contains("--> app.json:1:5074\n"), "{text}");
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn nothing_that_comes_from_a_file_is_obeyed() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}\r\n::error::x ##[error]y\u{7}";
    let path = format!("{hostile}.json");
    let text = format!("\u{feff}{{ \"Sid\": \"{hostile}\",\n::error::\n##[group] \"{hostile}\" }}\n");
    let sources = Sources::new(vec![SourceFile::new(path.clone(), text)]);
    let entry = place(&sources, &path, &format!("\"{hostile}\" }}"));
    let mut diagnostic = unused(entry, hostile, hostile);
    diagnostic.policies[0].address = hostile.to_owned();
    diagnostic.label = hostile.to_owned();
    diagnostic.notes = vec![hostile.to_owned()];
    diagnostic.help = Some(hostile.to_owned());
    let replacement = format!("{hostile}\n{hostile}");
    let edits = vec![Edit { span: diagnostic.place.span, replacement }];
    let fix = fix(&sources, edits, Applicability::DisplayOnly, Some(hostile));
    diagnostic.fix = Some(fix.id.clone());
    diagnostic.replacement = Some(vec![hostile.to_owned()]);
    let kept = Diagnostic { suppressed: Some(hostile.to_owned()), ..diagnostic.clone() };
    let report = Report { diagnostics: vec![diagnostic, kept], fixes: vec![fix], ..Report::default() };
    let ours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    for color in [false, true] {
        let text = render(&report, &sources, &Style { color, verbosity: Verbosity::Verbose, ..PLAIN });
        let bare = ours.replace_all(&text, "");
        assert!(!bare.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r', '\u{7}', '\u{feff}']), "{bare:?}");
        assert!(!bare.contains("##[") && !bare.lines().any(|line| line.trim_start().starts_with("::")), "{bare}");
        assert_eq!(color, text.contains('\u{1b}'));
    }
}

#[test]
fn what_is_no_fit_span_is_told_without_an_excerpt() {
    let sources = Sources::new(vec![SourceFile::new("é.json", "é")]);
    let (id, _) = sources.iter().next().unwrap();
    for (start, end) in [(0, 1), (1, 2), (1, 9), (7, 9), (9, 3)] {
        let place = Place { path: "é.json".to_owned(), file: Some(id), span: Span { start, end } };
        let report = Report { diagnostics: vec![unused(place, "", "x")], ..Report::default() };
        let text = render(&report, &sources, &PLAIN);
        assert!(text.contains("--> é.json:1:"), "{start} {end}: {text}");
    }
}

#[test]
fn the_last_line_counts() {
    let sources = Sources::new(vec![SourceFile::new("app.json", POLICY)]);
    let note =
        |level| Diagnostic { level, fix: None, ..two(&sources, Applicability::Safe, None).diagnostics.remove(0) };
    let of = |summary: Summary, diagnostics: Vec<Diagnostic>| Report { diagnostics, summary, ..Report::default() };
    let read = Summary { files: 3, policies: 2, statements: 5, identities: 4, ..Summary::default() };
    let listing = || PolicyListing {
        place: place(&sources, "app.json", "{"),
        kind: "standalone",
        format: "json",
        address: String::new(),
        identities: Vec::new(),
        statements: Vec::new(),
    };
    let kept = Diagnostic { suppressed: Some("the runbook needs it".to_owned()), ..note(Level::Warning) };
    let two_owned = Report { policies: vec![listing(), listing()], ..of(read, Vec::new()) };
    let cases = [
        (two(&sources, Applicability::Safe, None), "2 problems in 1 file (2 fixable with --fix)\n"),
        (of(Summary { fixed: 3, ..read }, vec![note(Level::Error)]), "fixed 3 problems, 1 problem remains in 1 file\n"),
        (
            two_owned,
            "no problems in 2 policies (5 statements), 2 of them of identities that no finding speaks of; 3 files read\n",
        ),
        (
            of(Summary { identities: 0, ..read }, Vec::new()),
            "the findings are empty: nothing is reported unused; 2 policies (5 statements), 3 files read\n",
        ),
        (
            of(Summary { identities: 0, is_selected: true, ..read }, Vec::new()),
            "no finding speaks of whom you asked for: nothing is reported unused; 2 policies (5 statements), 3 files read\n",
        ),
        (
            of(Summary { files: 1, ..Summary::default() }, vec![note(Level::Note)]),
            "no identity policy found, 1 file read, 1 note (-v shows it)\n",
        ),
        (of(Summary::default(), vec![kept]), "no identity policy found, 0 files read, 1 kept on purpose\n"),
    ];
    for (report, expected) in cases {
        let text = render(&report, &sources, &PLAIN);
        assert_eq!(text.lines().last(), Some(expected.trim_end()));
        let quiet = render(&report, &sources, &Style { verbosity: Verbosity::Quiet, ..PLAIN });
        assert!(!quiet.contains(expected), "{quiet}");
    }
}
