//! Edits of JSON lists and strings, in the layout that they are written in.

use std::ops::Range;

use super::ItemChange;
use crate::edit::Edit;
use crate::source::Span;
use crate::syntax::json::quote;

/// What one string becomes: a string again, or a list laid out as the statement is.
pub(super) fn string_or_list(text: &str, statement: Span, value: Span, texts: &[String]) -> String {
    let texts = quoted(texts);
    if let [only] = texts.as_slice() {
        return only.clone();
    }
    let Some(indent) = own_line_indent(text, statement, value) else { return format!("[{}]", texts.join(", ")) };
    let line_end = if statement.of(text).contains("\r\n") { "\r\n" } else { "\n" };
    let unit = indent_unit(text, statement, indent);
    let separator = format!(",{line_end}{indent}{unit}");
    format!("[{line_end}{indent}{unit}{}{line_end}{indent}]", texts.join(&separator))
}

/// The indentation of the line that a value stands on, if its statement takes more than one line.
fn own_line_indent(text: &str, statement: Span, value: Span) -> Option<&str> {
    statement.of(text).contains('\n').then_some(())?;
    let before = text.get(..value.start as usize)?;
    let line = before.rsplit('\n').next()?;
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len())
}

/// By how much the keys of a statement are indented from its own line.
fn indent_unit<'t>(text: &'t str, statement: Span, indent: &'t str) -> &'t str {
    let before = text.get(..statement.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let outer = line.len() - line.trim_start_matches([' ', '\t']).len();
    match indent.get(outer..) {
        Some(unit) if !unit.is_empty() => unit,
        _ if indent.starts_with('\t') => "\t",
        _ => "  ",
    }
}

fn quoted(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| quote(text)).collect()
}

/// The edits of a list with the items at `spans`. Of a list that loses all of them the brackets are left.
pub(super) fn list_edits(text: &str, list: Span, spans: &[Span], changes: &[ItemChange]) -> Vec<Edit> {
    flow_edits(text, list, spans, changes, |_, texts| quoted(texts))
}

/// The edits of a list in brackets, its items quoted as `quoted` says of the item that they replace.
pub(super) fn flow_edits(
    text: &str,
    list: Span,
    spans: &[Span],
    changes: &[ItemChange],
    quoted: impl Fn(Span, &[String]) -> Vec<String>,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    let separator = separator(text, list, spans);
    let mut index = 0;
    while let Some((span, change)) = spans.get(index).zip(changes.get(index)) {
        match change {
            ItemChange::Keep => {}
            ItemChange::Replace(texts) => {
                edits.push(Edit {
                    span: *span,
                    replacement: quoted(*span, texts).join(&separator_before(text, spans, index, &separator)),
                });
            }
            ItemChange::Remove | ItemChange::Apart => {
                let goes = |change: &&ItemChange| matches!(change, ItemChange::Remove | ItemChange::Apart);
                let run = index..index + changes.iter().skip(index).take_while(goes).count();
                let own = run.clone().filter(|at| changes.get(*at) == Some(&ItemChange::Remove));
                edits.extend(own.map(|at| Edit::deletion(deleted(text, spans, &run, at))));
                index = run.end - 1;
            }
        }
        index += 1;
    }
    edits
}

/// What to delete so that item `at` goes, of a `run` of items that all go: with what separates it from a neighbour.
///
/// A run that ends its line goes back to the item before it; one with a neighbour behind it on the same line goes up
/// to that neighbour; so lines that stay keep their breaks. Each item of a run goes the same way, so that any of them
/// can go without the others.
fn deleted(text: &str, spans: &[Span], run: &Range<usize>, at: usize) -> Span {
    let get = |index: usize| spans.get(index).copied();
    let before = run.start.checked_sub(1).and_then(get);
    let own = get(at).unwrap_or_default();
    let ends_line = || {
        let last = get(run.end - 1).unwrap_or_default();
        get(run.end).is_none_or(|after| Span { start: last.end, end: after.start }.of(text).contains('\n'))
    };
    match (at.checked_sub(1).and_then(get), get(at + 1)) {
        (Some(previous), _) if before.is_some() && ends_line() => Span { start: previous.end, end: own.end },
        (_, Some(next)) => Span { start: own.start, end: next.start },
        (_, None) => own,
    }
}

/// What separates the items of a list: the comma with the white space after it.
fn separator(text: &str, list: Span, spans: &[Span]) -> String {
    if let [first, second, ..] = spans {
        let between = Span { start: first.end, end: second.start }.of(text);
        return separator_of(between);
    }
    let lead = spans.first().map_or("", |first| Span { start: list.start + 1, end: first.start }.of(text));
    if lead.contains('\n') && lead.trim().is_empty() { format!(",{lead}") } else { ", ".to_owned() }
}

/// The separator at the place of an item: like the one before it, so that mixed layouts go on as they are there.
fn separator_before(text: &str, spans: &[Span], index: usize, otherwise: &str) -> String {
    let before = index.checked_sub(1).and_then(|before| spans.get(before)).zip(spans.get(index));
    before.map_or_else(
        || otherwise.to_owned(),
        |(before, own)| separator_of(Span { start: before.end, end: own.start }.of(text)),
    )
}

/// The comma and the white space that follows it, from what stands between two items; comments are not repeated.
fn separator_of(between: &str) -> String {
    let after_comma = between.split_once(',').map_or("", |(_, after)| after);
    let space = if after_comma.trim().is_empty() {
        after_comma
    } else {
        // A comment stands between: go on with the indentation of the next item.
        after_comma.rfind('\n').and_then(|at| after_comma.get(at..)).filter(|s| s.trim().is_empty()).unwrap_or(" ")
    };
    format!(",{space}")
}

#[cfg(test)]
mod tests {
    use super::super::{StatementChange, rewrite};
    use crate::edit::Edits;
    use crate::policy::action::ActionPattern;
    use crate::refine::EntryChange;
    use crate::syntax::Notation;
    use crate::template::read_file;

    /// Applies one code letter per entry: `k`eep, `r`emove, `2` two patterns.
    fn rewritten(text: &str, codes: &str) -> String {
        let policy = read_file("policy.json", text).documents[0].policy.clone();
        let changes = codes
            .chars()
            .map(|code| match code {
                'k' => EntryChange::Keep,
                'r' => EntryChange::Remove { covered_by: None },
                count => EntryChange::Replace(
                    (1..=count.to_digit(10).unwrap()).map(|n| ActionPattern::new(format!("n:{n}"))).collect(),
                ),
            })
            .collect();
        rewrite(text, Notation::Json, &policy, &[StatementChange::Edit(changes)]).unwrap().apply(text).unwrap()
    }

    fn one_line(list: &str) -> String {
        format!(r#"{{"Statement":[{{"Effect":"Allow","Action":{list},"Resource":"*"}}]}}"#)
    }

    #[test]
    fn entries_of_a_list_on_one_line() {
        let cases = [
            (r#"["a:1", "a:2", "a:3"]"#, "rkk", r#"["a:2", "a:3"]"#),
            (r#"["a:1", "a:2", "a:3"]"#, "krk", r#"["a:1", "a:3"]"#),
            (r#"["a:1", "a:2", "a:3"]"#, "kkr", r#"["a:1", "a:2"]"#),
            (r#"["a:1", "a:2", "a:3"]"#, "rrk", r#"["a:3"]"#),
            (r#"["a:1", "a:2", "a:3"]"#, "krr", r#"["a:1"]"#),
            (r#"["a:1", "a:2", "a:3"]"#, "rkr", r#"["a:2"]"#),
            (r#"[ "a:1","a:2" ]"#, "k2", r#"[ "a:1","n:1","n:2" ]"#),
            (r#"[ "a:1" ]"#, "2", r#"[ "n:1", "n:2" ]"#),
            (r#"["a:1" , "a:2"]"#, "2r", r#"["n:1", "n:2"]"#),
            (r#""a:1""#, "2", r#"["n:1", "n:2"]"#),
            (r#""a:1""#, "1", r#""n:1""#),
        ];
        for (list, codes, expected) in cases {
            assert_eq!(rewritten(&one_line(list), codes), one_line(expected), "{list} {codes}");
        }
    }

    #[test]
    fn entries_on_lines_of_their_own_keep_indentation_and_line_ends() {
        let list = "[\r\n\t\t\"a:1\",\r\n\t\t\"a:2\",\r\n\t\t\"a:3\"\r\n\t]";
        let cases = [
            ("r2k", "[\r\n\t\t\"n:1\",\r\n\t\t\"n:2\",\r\n\t\t\"a:3\"\r\n\t]"),
            ("kkr", "[\r\n\t\t\"a:1\",\r\n\t\t\"a:2\"\r\n\t]"),
            ("krk", "[\r\n\t\t\"a:1\",\r\n\t\t\"a:3\"\r\n\t]"),
        ];
        for (codes, expected) in cases {
            assert_eq!(rewritten(&one_line(list), codes), one_line(expected), "{codes}");
        }
    }

    #[test]
    fn a_line_that_loses_its_first_item_keeps_its_break() {
        let list = "[\"a:1\", \"a:2\",\n \"a:3\", \"a:4\"]";
        assert_eq!(rewritten(&one_line(list), "kkrk"), one_line("[\"a:1\", \"a:2\",\n \"a:4\"]"));
        assert_eq!(rewritten(&one_line(list), "krkk"), one_line("[\"a:1\",\n \"a:3\", \"a:4\"]"));
    }

    #[test]
    fn a_string_becomes_a_list_in_the_layout_of_its_statement() {
        let text = "{\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"s3:Get*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}\n";
        let expected = text.replace("\"s3:Get*\"", "[\n        \"n:1\",\n        \"n:2\"\n      ]");
        assert_eq!(rewritten(text, "2"), expected);
    }

    /// Four statements, laid out by what stands between them.
    fn statements(separators: [&str; 5]) -> String {
        let [open, first, second, third, close] = separators;
        let one = |name: &str| format!(r#"{{"Effect":"Allow","Action":"{name}:1","Resource":"*"}}"#);
        let (a, b, c, d) = (one("a"), one("b"), one("c"), one("d"));
        format!(r#"{{"Statement":[{open}{a}{first}{b}{second}{c}{third}{d}{close}]}}"#)
    }

    #[test]
    fn statements_that_go_one_by_one_go_together() {
        let layouts = [["", ",", ",", ",", ""], ["\n", ",\n", ",\n", ",\n", "\n"], [" ", ",\n ", ", ", " ,\n ", " "]];
        for (separators, gone) in layouts.iter().flat_map(|layout| (1..15_u32).map(move |gone| (layout, gone))) {
            let text = statements(*separators);
            let policy = read_file("policy.json", &text).documents[0].policy.clone();
            let goes = |index: usize| gone & (1 << index) != 0;
            let of = |own: &dyn Fn(usize) -> bool| {
                let change = |index| match (goes(index), own(index)) {
                    (true, true) => StatementChange::Remove,
                    (true, false) => StatementChange::Apart,
                    (false, _) => StatementChange::Keep,
                };
                let changes: Vec<StatementChange> = (0..4).map(change).collect();
                rewrite(&text, Notation::Json, &policy, &changes).unwrap()
            };
            let each: Vec<Edits> = (0..4).filter(|index| goes(*index)).map(|own| of(&|index| index == own)).collect();
            for alone in &each {
                let left = read_file("policy.json", &alone.apply(&text).unwrap()).documents[0].policy.clone();
                assert_eq!(left.statements.len(), 3, "{text} {gone:b}");
            }
            let together = Edits::new(each.iter().flat_map(|edits| edits.as_slice().to_vec()).collect()).unwrap();
            assert_eq!(together, of(&|_| true), "{text} {gone:b}");
            let left = read_file("policy.json", &together.apply(&text).unwrap()).documents[0].policy.clone();
            assert_eq!(left.statements.len(), 4 - gone.count_ones() as usize, "{text} {gone:b}");
        }
    }
}
