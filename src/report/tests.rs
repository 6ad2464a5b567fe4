//! One hostile report, and one test per format: what a file says is shown, and nothing of it is obeyed.

use serde_json::{Value, json};

use super::*;
use crate::attribution::Certainty;
use crate::catalog::Catalog;
use crate::diagnostic::{
    Diagnostic, FindingRef, Fix, IdentityRef, Kept, Place, PolicyRef, Report, Size, Summary, UnusedRef,
};
use crate::edit::{Edit, Edits};
use crate::refine::safety::Applicability;
use crate::rule::{Level, Rule};
use crate::source::{SourceFile, Sources, Span};

/// Everything that some format, terminal or workflow runner would obey.
const HOSTILE: &str = concat!(
    "::error file=x::y\r\n::warning::z\n##[error]w %0A::error::v \u{1b}[31m\u{9b}2J\u{202e}\u{200b}\u{0}\u{7}",
    " a|b `code` ``` ~~~ </script><img src=x onerror=y> ]]> &amp; \"q\" 'q' [l](http://example.com) ![i](j)",
    " @octocat #1 :tada: www.example.com {0} \\| <!-- \n```suggestion\n<details>\n| cell |\n# heading\u{fffe}"
);

/// A report whose every text is hostile: a problem with a fix, a note, and one that is kept on purpose.
fn hostile() -> (Report, Sources) {
    let path = format!("{HOSTILE}.json");
    let text = format!("{{\n  \"{HOSTILE}\",\n  \"b\"\n}}\n");
    let sources = Sources::new(vec![SourceFile::new(path.clone(), text)]);
    let (id, file) = sources.iter().next().unwrap();
    let start = file.text.find('"').unwrap();
    let span = Span::new(start, start + HOSTILE.len() + 2);
    let problem = Diagnostic {
        rule: Rule::PartlyUsedWildcard,
        level: Level::Warning,
        message: format!("`{HOSTILE}` is granted"),
        place: Place { path: path.clone(), file: Some(id), span },
        policies: vec![PolicyRef {
            kind: "inline",
            address: HOSTILE.to_owned(),
            statement: 0,
            sid: Some(HOSTILE.to_owned()),
            span,
        }],
        identities: vec![IdentityRef {
            arn: HOSTILE.to_owned(),
            known_by: Certainty::Name,
            finding: Some(FindingRef { ids: vec![HOSTILE.to_owned()], analyzed_at: None }),
        }],
        pattern: Some(HOSTILE.to_owned()),
        unused: vec![UnusedRef { action: HOSTILE.to_owned(), last_accessed: None }],
        kept: Some(Kept { used_or_unknown: 1, untracked: 1 }),
        replacement: Some(vec![HOSTILE.to_owned()]),
        fix: Some(format!("{path}#0")),
        label: HOSTILE.to_owned(),
        notes: vec![HOSTILE.to_owned()],
        help: Some(HOSTILE.to_owned()),
        suppressed: None,
        fingerprint: 1,
    };
    let note = Diagnostic {
        rule: Rule::UnmatchedFinding,
        level: Level::Note,
        place: Place { file: None, span: Span::default(), ..problem.place.clone() },
        fix: None,
        replacement: None,
        fingerprint: 2,
        ..problem.clone()
    };
    let kept = Diagnostic { suppressed: Some(HOSTILE.to_owned()), fingerprint: 3, ..problem.clone() };
    let fix = Fix {
        id: format!("{path}#0"),
        path,
        file: id,
        applicability: Applicability::Unsafe,
        withheld: Some(HOSTILE.to_owned()),
        edits: Edits::new(vec![Edit { span, replacement: HOSTILE.to_owned() }]).unwrap(),
        size: Size { before: 20, after: 10, quota: 6_144 },
        site: (0, 0),
        written: false,
    };
    let summary = Summary { files: 1, policies: 1, statements: 1, patterns: 1, ..Summary::default() };
    let report = Report { diagnostics: vec![note, problem, kept], fixes: vec![fix], summary, ..Report::default() };
    (report, sources)
}

/// That neither a terminal nor a workflow log obeys any of it.
fn assert_inert(text: &str) {
    let obeyed =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}');
    assert!(!text.contains(obeyed), "{text:?}");
    assert!(!text.contains("##["), "{text}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
}

#[test]
fn annotations_are_commands_of_ours_alone() {
    let (report, sources) = hostile();
    let text = github::render(&report, &sources);
    let lines: Vec<&str> = text.lines().collect();
    let [warning, notice] = lines.as_slice() else { panic!("{text}") };
    let begin = "::warning file=%3A %3Aerror file=x%3A%3Ay\u{240d}\u{240a}%3A%3Awarning%3A%3Az\u{240a}## [error]w %250A%3A%3Aerror";
    assert!(warning.starts_with(begin), "{warning}");
    assert!(notice.starts_with("::notice file="), "{notice}");
    for line in [warning, notice] {
        assert_inert(&format!("|{line}"));
        let (properties, message) = line.trim_start_matches(':').split_once("::").unwrap();
        let properties: Vec<&str> = properties.split_once(' ').unwrap().1.split(',').collect();
        let names: Vec<&str> = properties.iter().map(|property| property.split_once('=').unwrap().0).collect();
        let expected = ["file", "line", "endLine", "col", "endColumn", "title"];
        assert!(names == expected || names == ["file", "title"], "{names:?}");
        let escapes = message.split('%').skip(1);
        assert!(escapes.clone().all(|after| after.starts_with("25") || after.starts_with("0A")), "{message}");
        assert!(escapes.count() > 4);
    }
}

#[test]
fn a_step_shows_ten_annotations_of_a_level_and_the_last_counts_the_rest() {
    let (report, sources) = hostile();
    let problem = &report.diagnostics[1];
    let of_level = |level: Level, number: usize| {
        (0..number).map(move |index| Diagnostic {
            level,
            message: format!("m{index}"),
            unused: vec![UnusedRef { action: "s3:GetObject".to_owned(), last_accessed: None }; index],
            ..problem.clone()
        })
    };
    let diagnostics = of_level(Level::Error, 2).chain(of_level(Level::Warning, 30)).chain(of_level(Level::Note, 10));
    let text = github::render(&Report { diagnostics: diagnostics.collect(), ..Report::default() }, &sources);
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!([count("::error"), count("::warning"), count("::notice")], [2, 10, 10]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].contains("::m29%0A") && lines[10].contains("::m21%0A"), "{text}");
    let rest = "::warning title=and more::21 more warnings not shown here, since a step shows 10 of a kind%0A";
    assert!(lines[11].starts_with(rest), "{}", lines[11]);
    assert!(lines[11].chars().count() < 4_500 && lines[11].contains(": m20%0A"), "{}", lines[11]);
}

#[test]
fn sarif_holds_no_link_and_no_placeholder_of_a_file() {
    let (report, sources) = hostile();
    let text = sarif::render(&report, &sources);
    assert_inert(&text);
    let run = &serde_json::from_str::<Value>(&text).unwrap()["runs"][0];
    let result = &run["results"][1];
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[l\\](http://example.com) !\\[i\\](j)") && message.contains("{{0}}"), "{message}");
    let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("%3A%3Aerror%20file%3Dx%3A%3Ay%0D%0A%3A%3Awarning") && uri.ends_with(".json"), "{uri}");
    assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%/.-_~".contains(&byte)), "{uri}");
    let region = json!({ "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 21 });
    assert_eq!(result["locations"][0]["physicalLocation"]["region"], region);
    assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], "0000000000000001:1");
    assert_eq!(run["results"][0].get("suppressions"), None);
    assert_eq!(run["results"][2]["suppressions"][0]["kind"], "inSource");
}

#[test]
fn sarif_leaves_out_the_least_important_of_more_than_are_shown() {
    let (report, sources) = hostile();
    let plain =
        Diagnostic { message: "m".into(), notes: vec![], help: None, fix: None, ..report.diagnostics[1].clone() };
    let note = Diagnostic { level: Level::Note, ..plain.clone() };
    let diagnostics: Vec<Diagnostic> = std::iter::repeat_n(note, 7).chain(std::iter::repeat_n(plain, 4_999)).collect();
    let text = sarif::render(&Report { diagnostics, ..Report::default() }, &sources);
    let run = &serde_json::from_str::<Value>(&text).unwrap()["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(
        (results.len(), results[0]["level"].as_str(), results[1]["level"].as_str()),
        (5_000, Some("note"), Some("warning"))
    );
    let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(said, "6 results are left out, since code scanning shows 5000 of a run");
}

#[test]
fn rdjson_shows_a_fix_once_and_nothing_is_obeyed() {
    let (report, sources) = hostile();
    let text = rdjson::render(&report, &sources);
    assert_inert(&text);
    let value: Value = serde_json::from_str(&text).unwrap();
    let diagnostics = value["diagnostics"].as_array().unwrap();
    assert_eq!(diagnostics.len(), 2, "what is kept on purpose is not told");
    let suggestion = &diagnostics[1]["suggestions"][0];
    assert_eq!(suggestion["text"], HOSTILE, "a replacement is told as it is, escaped as JSON does");
    assert_eq!(suggestion["range"]["start"], json!({ "line": 2, "column": 3 }));
    assert!(!diagnostics[1]["message"].as_str().unwrap().contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn the_code_quality_report_is_inert() {
    let (report, sources) = hostile();
    let text = gitlab::render(&report, &sources);
    assert_inert(&text);
    let value: Value = serde_json::from_str(&text).unwrap();
    let told: Vec<(&str, &Value)> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["severity"].as_str().unwrap(), &v["location"]["lines"]["begin"]))
        .collect();
    assert_eq!(told, [("info", &json!(1)), ("minor", &json!(2))]);
    assert!(!value[1]["description"].as_str().unwrap().contains(['\u{1b}', '\u{202e}', '\n']));
}

#[test]
fn the_xml_holds_no_element_of_a_file() {
    let (report, sources) = hostile();
    let text = junit::render(&report, &sources);
    assert_inert(&text);
    let element = regex::Regex::new(r"</?([a-z?]+)[^<>]*>").unwrap();
    let names: Vec<&str> = element.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()).collect();
    let case = |outcome: &[&'static str]| [&["testcase"], outcome, &["testcase"]].concat();
    let cases = [case(&["skipped"]), case(&["failure", "failure"]), case(&["skipped"])].concat();
    let head = ["?xml", "testsuites", "testsuite"].to_vec();
    assert_eq!(names, [head, cases, vec!["testsuite", "testsuites"]].concat());
    let left = element.replace_all(&text, "");
    assert!(!left.contains(['<', '>', '\u{fffe}']), "{left}");
    let reference = regex::Regex::new("&(amp|lt|gt|quot|apos);").unwrap();
    assert!(!reference.replace_all(&text, "").contains('&'), "{text}");
}

#[test]
fn the_page_holds_no_markup_of_a_file() {
    let (report, sources) = hostile();
    let text = markdown::render(&report, &sources, &Catalog::embedded());
    assert_inert(&text);
    assert_plain_markup(&text);
    let row = text.lines().filter(|line| line.starts_with("| <code>")).collect::<Vec<_>>();
    assert_eq!(row.len(), 2, "one identity and one problem: {text}");
    assert_eq!(row.map_cells(), [6, 3]);
}

/// A fix of the hostile report, in a file that says something else: what it replaces, and by what.
fn review(text: &str, replaced: &str, replacement: &str) -> Value {
    let (mut report, _) = hostile();
    let path = "app.json".to_owned();
    let sources = Sources::new(vec![SourceFile::new(path.clone(), text)]);
    let start = text.find(replaced).unwrap();
    let span = Span::new(start, start + replaced.len());
    report.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.place.span = span);
    let fix = &mut report.fixes[0];
    fix.edits = Edits::new(vec![Edit { span, replacement: replacement.to_owned() }]).unwrap();
    fix.path.clone_from(&path);
    let text = suggestions::render(&report, &sources, &[(path, vec![1..=9])].into());
    assert_inert(&text);
    serde_json::from_str(&text).unwrap()
}

/// That what a review says besides its suggestion is text with the markup of ours alone.
fn assert_told(said: &str) {
    let marker = regex::Regex::new("<!-- iamtrim [0-9a-f]{16} -->\n?$").unwrap();
    assert!(marker.is_match(said), "{said}");
    assert_plain_markup(&marker.replace(said, "").replace("**partly-used-wildcard**", ""));
}

#[test]
fn a_fix_that_a_log_or_a_reader_would_obey_is_told_and_not_suggested() {
    let review = review("{\n  \"a\",\n  \"b\"\n}\n", "\"b\"", HOSTILE);
    assert_eq!((&review["event"], &review["comments"]), (&json!("COMMENT"), &json!([])));
    assert_told(review["body"].as_str().unwrap());
}

#[test]
fn no_line_of_a_suggestion_ends_it() {
    let text = "{\n  \"a ``` </script> %0A | ::error::\",\n  \"b\"\n}\n";
    let review = review(text, "\",\n  \"b\"", " ````\"\n```suggestion\n<!--");
    let comment = &review["comments"][0];
    assert_eq!(
        (&comment["start_line"], &comment["line"], &comment["path"]),
        (&json!(2), &json!(3), &json!("app.json"))
    );
    let (told, rest) = comment["body"].as_str().unwrap().split_once("\n`````suggestion\n").unwrap();
    let (lines, marker) = rest.split_once("`````\n\n").unwrap();
    assert_eq!(lines, "  \"a ``` </script> %0A | ::error:: ````\"\n```suggestion\n<!--\n");
    assert_told(&format!("{told}{marker}"));
    assert_eq!(review["body"], "iamtrim found 1 problem in what this pull request changes.\n\n<!-- iamtrim -->\n");
}

/// How many cells each row has: a bar of a file is no bar of the table.
trait Cells {
    fn map_cells(&self) -> Vec<usize>;
}

impl Cells for Vec<&str> {
    fn map_cells(&self) -> Vec<usize> {
        self.iter().map(|row| row.matches('|').count() - 1).collect()
    }
}

/// That Markdown of ours holds no markup besides our own: code, references, tables and folded notes.
fn assert_plain_markup(text: &str) {
    let ours =
        regex::Regex::new("</?code>|<details><summary>[0-9a-z ]*</summary>|</details>|&#[0-9]+;|`[^`\n]*`").unwrap();
    let left = ours.replace_all(text, "");
    assert!(!left.contains(['<', '>', '&', '`', '[', ']', '!', '@', '*', '_', '~', '\\']), "{left}");
    assert!(!left.contains("www.") && !left.contains("://"), "{left}");
}
