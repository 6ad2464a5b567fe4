use super::super::{StatementChange, rewrite};
use crate::edit::Conflict;
use crate::policy::action::ActionPattern;
use crate::refine::EntryChange;
use crate::syntax::Notation;
use crate::template::read_file;

/// One code letter per entry: `k`eep, `r`emove, `2` two patterns. A statement is `-` or the codes of its entries.
fn rewritten(text: &str, codes: &[&str]) -> Result<String, Conflict> {
    let reading = read_file("policy.yaml", text);
    assert_eq!(reading.problems, []);
    let change = |code: char| match code {
        'k' => EntryChange::Keep,
        'r' => EntryChange::Remove { covered_by: None },
        count => EntryChange::Replace(
            (1..=count.to_digit(10).unwrap()).map(|n| ActionPattern::new(format!("n:{n}"))).collect(),
        ),
    };
    let changes: Vec<StatementChange> = codes
        .iter()
        .map(|codes| match *codes {
            "-" => StatementChange::Remove,
            "" => StatementChange::Keep,
            codes => StatementChange::Edit(codes.chars().map(change).collect()),
        })
        .collect();
    let edits = rewrite(text, Notation::Yaml, &reading.documents[0].policy, &changes)?;
    Ok(edits.apply(text).unwrap())
}

fn with_actions(actions: &str) -> String {
    format!("Statement:\n  - Effect: Allow\n    Action:{actions}\n    Resource: '*'\n")
}

#[test]
fn entries_of_a_block_go_and_come_line_by_line() {
    let list = "\n      - a:1 # one\n      # of two\n      - 'a:2'\n      - \"a:3\"";
    let cases = [
        ("rkk", "\n      # of two\n      - 'a:2'\n      - \"a:3\""),
        ("krk", "\n      - a:1 # one\n      # of two\n      - \"a:3\""),
        ("krr", "\n      - a:1 # one\n      # of two"),
        ("2kk", "\n      - n:1 # one\n      - n:2\n      # of two\n      - 'a:2'\n      - \"a:3\""),
        ("r23", "\n      # of two\n      - 'n:1'\n      - 'n:2'\n      - \"n:1\"\n      - \"n:2\"\n      - \"n:3\""),
        ("kk1", "\n      - a:1 # one\n      # of two\n      - 'a:2'\n      - \"n:1\""),
    ];
    for (codes, expected) in cases {
        assert_eq!(rewritten(&with_actions(list), &[codes]).unwrap(), with_actions(expected), "{codes}");
        let windows = |text: &str| with_actions(text).replace('\n', "\r\n");
        assert_eq!(rewritten(&windows(list), &[codes]).unwrap(), windows(expected), "{codes}");
    }
}

#[test]
fn dashes_stand_where_the_file_puts_them() {
    let cases = [
        ("\n    - a:1\n    - a:2", "2r", "\n    - n:1\n    - n:2"),
        ("\n    -   a:1\n    -   a:2", "r2", "\n    -   n:1\n    -   n:2"),
        ("\n      -\n        a:1\n      - a:2", "rk", "\n      - a:2"),
        ("\n\n      - a:1\n\n      - a:2\n", "kr", "\n\n      - a:1\n\n"),
    ];
    for (list, codes, expected) in cases {
        assert_eq!(rewritten(&with_actions(list), &[codes]).unwrap(), with_actions(expected), "{list} {codes}");
    }
}

#[test]
fn entries_in_brackets_keep_their_quotes_and_separators() {
    let cases = [
        (" [a:1, 'a:2', \"a:3\"]", "2k1", " [n:1, n:2, 'a:2', \"n:1\"]"),
        (" [a:1, 'a:2', \"a:3\"]", "r2r", " ['n:1', 'n:2']"),
        (" [\n        a:1,\n        a:2,\n      ]", "kr", " [\n        a:1,\n      ]"),
        (" &x [a:1, a:2]", "kr", " &x [a:1]"),
    ];
    for (list, codes, expected) in cases {
        assert_eq!(rewritten(&with_actions(list), &[codes]).unwrap(), with_actions(expected), "{list} {codes}");
    }
}

#[test]
fn a_scalar_becomes_a_list_as_the_file_writes_lists() {
    let cases = [
        (" a:1", "1", " n:1"),
        (" a:1", "2", "\n      - n:1\n      - n:2"),
        (" 'a:1'   # why", "2", "   # why\n      - 'n:1'\n      - 'n:2'"),
        ("\n      a:1", "1", "\n      n:1"),
    ];
    for (value, codes, expected) in cases {
        assert_eq!(rewritten(&with_actions(value), &[codes]).unwrap(), with_actions(expected), "{value} {codes}");
    }
    let indentless = "Statement:\n- Action: a:1\n  Effect: Allow\n  Resource:\n  - x\n";
    let expected = "Statement:\n- Action:\n  - n:1\n  - n:2\n  Effect: Allow\n  Resource:\n  - x\n";
    assert_eq!(rewritten(indentless, &["2"]).unwrap(), expected);
    let flow = "Statement: [{Effect: Allow, Action: a:1, Resource: '*'}]\n";
    assert_eq!(rewritten(flow, &["2"]).unwrap(), flow.replace("a:1", "[n:1, n:2]"));
}

#[test]
fn a_statement_goes_with_its_lines() {
    let one = |name: &str| format!("  - Effect: Allow\n    Action: {name}\n    Resource: '*'");
    let text = format!("Statement: # all\n{}\n  # about the next\n{} # last\n{}", one("a:1"), one("a:2"), one("a:3"));
    let cases = [
        (["", "-", ""], format!("Statement: # all\n{}\n  # about the next\n{}", one("a:1"), one("a:3"))),
        (["", "", "-"], format!("Statement: # all\n{}\n  # about the next\n{} # last", one("a:1"), one("a:2"))),
        (["1", "-", "-"], format!("Statement: # all\n{}\n  # about the next", one("n:1"))),
        (
            ["-", "-", "2"],
            format!("Statement: # all\n  # about the next\n{}", one("\n      - n:1\n      - n:2"))
                .replace(": \n", ":\n"),
        ),
    ];
    for (codes, expected) in cases {
        assert_eq!(rewritten(&text, &codes).unwrap(), expected, "{codes:?}");
    }
}

#[test]
fn what_cannot_be_edited_by_itself_is_refused() {
    let cases = [
        (" &a a:1", "1"),
        (" !Sub a:1", "1"),
        (" >-\n      a:1", "1"),
        ("\n      - &a a:1\n      - a:2", "1k"),
        ("\n      - - a:1\n        - a:2\n      - a:3", "rkk"),
        (" [a:1, # one\n      a:2]", "kr"),
        (" !If [c, a:1, a:2]", "rk"),
        ("\n      - a:1\n      - !If [c, a:2, !Ref AWS::NoValue]", "rk"),
        ("\n      - a:1\n      - !If [c, a:2, !Ref AWS::NoValue]", "k2"),
    ];
    for (list, codes) in cases {
        assert_eq!(rewritten(&with_actions(list), &[codes]), Err(Conflict), "{list} {codes}");
    }
}

#[test]
fn what_a_condition_decides_about_is_edited_by_itself() {
    let cases = [
        (" !If [c, a:1, a:2]", "1k", " !If [c, n:1, a:2]"),
        (" !If [c, [a:1, a:2], a:3]", "rkk", " !If [c, [a:2], a:3]"),
        (
            "\n      - a:1\n      - !If [c, a:2, !Ref AWS::NoValue]",
            "11",
            "\n      - n:1\n      - !If [c, n:1, !Ref AWS::NoValue]",
        ),
    ];
    for (list, codes, expected) in cases {
        assert_eq!(rewritten(&with_actions(list), &[codes]).unwrap(), with_actions(expected), "{list} {codes}");
    }
}
