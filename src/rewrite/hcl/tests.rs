use crate::edit::{Conflict, Edits};
use crate::policy::action::ActionPattern;
use crate::refine::EntryChange;
use crate::rewrite::{StatementChange, in_file, rewrite};
use crate::source::layer_text;
use crate::template::read_file;
use crate::verify::{Before, Intended, verify};

/// Applies one word per statement, `-` to remove it, else one code letter per entry: `k`eep, `r`emove, `2` two
/// patterns; and proves the result.
fn rewritten(text: &str, codes: &str) -> Result<String, Conflict> {
    rewritten_in("main.tf", text, codes)
}

fn rewritten_in(path: &str, text: &str, codes: &str) -> Result<String, Conflict> {
    let reading = read_file(path, text);
    let document = &reading.documents[0];
    let entry = |code: char| match code {
        'k' => EntryChange::Keep,
        'r' => EntryChange::Remove { covered_by: None },
        count => EntryChange::Replace(
            (1..=count.to_digit(10).unwrap()).map(|n| ActionPattern::new(format!("n:{n}"))).collect(),
        ),
    };
    let change = |word: &str| match word {
        "-" => StatementChange::Remove,
        word => StatementChange::Edit(word.chars().map(entry).collect()),
    };
    let changes: Vec<StatementChange> = codes.split(' ').map(change).collect();
    let own = layer_text(text, &reading.layers, document.layer);
    let edits = rewrite(own, document.notation, &document.policy, &changes)?;
    let after = in_file(&edits, &reading.layers, document.layer)?.apply(text)?;
    assert_eq!(
        verify(path, &Before { text, reading: None }, &after, &[Intended { document, changes: &changes }]),
        Ok(()),
        "{after}"
    );
    Ok(after)
}

fn document(actions: &str) -> String {
    format!(
        "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = {actions}\n    resources = [\"*\"]\n  }}\n}}\n"
    )
}

#[test]
fn entries_of_a_list_keep_its_layout_and_its_comments() {
    let cases = [
        (r#"["a:1", "a:2", "a:3"]"#, "rkk", r#"["a:2", "a:3"]"#),
        (r#"["a:1", "a:2",]"#, "kr", r#"["a:1",]"#),
        (r#"["a:1"]"#, "2", r#"["n:1", "n:2"]"#),
        ("[\n      \"a:1\", # one\n      # two\n      \"a:2\",\n    ]", "rk", "[\n      # two\n      \"a:2\",\n    ]"),
        ("[\n      \"a:1\",\n      \"a:2\"\n    ]", "kr", "[\n      \"a:1\"\n    ]"),
        (
            "[\n      \"a:1\",\n      \"a:2\", // two\n    ]",
            "k2",
            "[\n      \"a:1\",\n      \"n:1\",\n      \"n:2\", // two\n    ]",
        ),
        ("[\r\n\t\"a:1\",\r\n\t\"a:2\",\r\n]", "2r", "[\r\n\t\"n:1\",\r\n\t\"n:2\",\r\n]"),
        (r#"concat(["a:1", "a:2"], var.more, ["a:3"])"#, "rkkr", r#"concat(["a:2"], var.more, [])"#),
        (r#"["a:1", /* c */ "a:2", "a:3"]"#, "krk", r#"["a:1", /* c */ "a:3"]"#),
        (r#"compact(["a:1", var.x])"#, "2k", r#"compact(["n:1", "n:2", var.x])"#),
        (r#"["a:1", var.x ? "a:2" : "a:3"]"#, "1k1", r#"["n:1", var.x ? "a:2" : "n:1"]"#),
        (r#"concat(["a:1"], var.x ? ["a:2", "a:3"] : [])"#, "krr", r#"concat(["a:1"], var.x ? [] : [])"#),
        (r#"var.x ? ["a:1", "a:2"] : ["a:3"]"#, "rk2", r#"var.x ? ["a:2"] : ["n:1", "n:2"]"#),
        (r#"["a:${var.x}", "a:1", "a:2"]"#, "kkr", r#"["a:${var.x}", "a:1"]"#),
    ];
    for (list, codes, expected) in cases {
        assert_eq!(rewritten(&document(list), codes).unwrap(), document(expected), "{list} {codes}");
    }
}

#[test]
fn what_cannot_be_edited_alone_is_a_conflict() {
    let cases = [
        (r#"["a:1", "a:2" /* c */, "a:3"]"#, "krk"),
        (r#"["a:1", var.x ? "a:2" : "a:3"]"#, "krk"),
        (r#"["a:1", var.x ? "a:2" : "a:3"]"#, "k2k"),
        (r#"["a:1", var.x ? "a:2" : "a:3"]"#, "rkk"),
        (r#"concat(["a:1"], var.x ? ["a:2"] : [])"#, "rk"),
        (r#"var.x ? ["a:1"] : ["a:2"]"#, "rk"),
        (r#"["a:${var.x}", "a:1"]"#, "2k"),
    ];
    for (list, codes) in cases {
        assert_eq!(rewritten(&document(list), codes), Err(Conflict), "{list} {codes}");
    }
}

#[test]
fn statements_go_as_blocks_with_the_blank_lines_before_them() {
    let block =
        |name: &str| format!("  statement {{ # {name}\n    actions = [\"{name}\"]\n    resources = [\"*\"]\n  }}\n");
    let whole = |blocks: &[String]| format!("data \"aws_iam_policy_document\" \"d\" {{\n{}}}\n", blocks.join("\n"));
    let [one, two, three] = ["a:1", "a:2", "a:3"].map(block);
    let all = whole(&[one.clone(), two.clone(), three.clone()]);
    for (codes, left) in [("- k k", [&two, &three]), ("k - k", [&one, &three]), ("k k -", [&one, &two])] {
        assert_eq!(rewritten(&all, codes).unwrap(), whole(&left.map(String::clone)), "{codes}");
    }
    assert_eq!(rewritten(&all, "- - k").unwrap(), whole(&[three]));
    assert_eq!(rewritten(&all, "- - -"), Err(Conflict));
}

/// A policy with one string and one list of actions, in each notation inside of HCL.
fn notations(one: &str, two: &str) -> [String; 4] {
    let json = format!(
        "{{\n  \"Statement\": [\n    {{\"Effect\": \"Allow\", \"Action\": {one}, \"Resource\": \"${{var.x}}\"}},\n    {{\"Effect\": \"Allow\", \"Action\": {two}, \"Resource\": \"*\"}}\n  ]\n}}\n"
    );
    let resource = |policy: &str| format!("resource \"aws_iam_role_policy\" \"p\" {{\n  policy = {policy}\n}}\n");
    let quoted = json.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    [
        resource(&format!("jsonencode({})", json.replace("\": ", "\" = ").trim_end())),
        resource(&format!("<<EOF\n{json}EOF")),
        resource(&format!("<<-EOF\n  {}\n  EOF", json.trim_end())),
        resource(&format!("\"{quoted}\"")),
    ]
}

#[test]
fn policies_are_edited_in_every_notation() {
    let before = notations("\"a:1\"", "[\"a:2\", \"a:3\"]");
    let after = notations("[\"n:1\", \"n:2\"]", "[\"a:3\"]");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(&rewritten(before, "2 rk").unwrap(), after);
        let gone = rewritten(before, "- kk").unwrap();
        assert_eq!(read_file("main.tf", &gone).documents[0].policy.statements.len(), 1, "{gone}");
    }
}

#[test]
fn statements_of_a_table_go_with_their_keys() {
    let text = |entries: &str| format!("module \"m\" {{\n  source = \"x\"\n  s = {{\n{entries}  }}\n}}\n");
    let entry =
        |name: &str| format!("    {name} = {{\n      actions   = [\"a:{name}\"]\n      resources = [\"*\"]\n    }}\n");
    let all = text(&(entry("x") + &entry("y")));
    assert_eq!(rewritten(&all, "- k").unwrap(), text(&entry("y")));
    assert_eq!(rewritten(&all, "k -").unwrap(), text(&entry("x")));
}

#[test]
fn a_repeated_statement_goes_with_its_block_and_keeps_what_it_is_repeated_for() {
    let dynamic = |each: &str, actions: &str| {
        format!(
            "  dynamic \"statement\" {{\n    for_each = {each}\n    content {{\n      actions   = {actions}\n      resources = [\"*\"]\n    }}\n  }}\n"
        )
    };
    let whole = |blocks: &[&str]| {
        let blocks = blocks.join("\n");
        format!("data \"aws_iam_policy_document\" \"d\" {{\n  count = 1\n\n{blocks}}}\n")
    };
    let fixed = "  statement {\n    actions   = [\"a:1\", \"a:2\"]\n    resources = [\"*\"]\n  }\n";
    let (one, two) = (dynamic("var.a ? [1] : []", "[\"b:1\", \"b:2\"]"), dynamic("var.b", "[\"c:1\"]"));
    let edited = dynamic("var.a ? [1] : []", "[\"b:2\"]");
    let text = whole(&[&one, fixed, &two]);
    assert_eq!(rewritten(&text, "- kk -").unwrap(), whole(&[fixed]));
    assert_eq!(rewritten(&text, "rk kk -").unwrap(), whole(&[&edited, fixed]));
    // What is left may be there never.
    assert!(rewritten(&text, "kk - k").is_err());
}

/// Four statements, as blocks with this before each.
fn four(before: [&str; 4], after: &str) -> String {
    let blocks = ["a", "b", "c", "d"].iter().zip(before).map(|(name, before)| {
        format!("{before}  statement {{\n    actions   = [\"{name}:1\"]\n    resources = [\"*\"]\n  }}\n")
    });
    format!("data \"aws_iam_policy_document\" \"d\" {{\n{}{after}}}\n", blocks.collect::<String>())
}

/// The same as items, by what stands between them.
fn encoded(separators: [&str; 5]) -> String {
    let [open, first, second, third, close] = separators;
    let one = |name: &str| format!("{{ Effect = \"Allow\", Action = \"{name}:1\", Resource = \"*\" }}");
    let (a, b, c, d) = (one("a"), one("b"), one("c"), one("d"));
    let items = format!("[{open}{a}{first}{b}{second}{c}{third}{d}{close}]");
    format!("resource \"aws_iam_role_policy\" \"p\" {{\n  policy = jsonencode({{ Statement = {items} }})\n}}\n")
}

#[test]
fn statements_that_go_one_by_one_go_together() {
    let layouts = [
        four([""; 4], ""),
        four(["", "\n", "\n", "\n"], ""),
        four(["  version = \"2012-10-17\"\n\n", "", "\n\n", "  # c\n"], "\n"),
        four(["\n", "\n", "  policy_id = \"x\"\n", "\n"], ""),
        encoded(["", ", ", ", ", ", ", ""]),
        encoded(["\n", ",\n", ",\n", ",\n", "\n"]),
        encoded(["\n", ",\n", ",\n", ",\n", ",\n"]),
    ];
    for (text, gone) in layouts.iter().flat_map(|text| (1..15_u32).map(move |gone| (text, gone))) {
        let reading = read_file("main.tf", text);
        let document = &reading.documents[0];
        let goes = |index: usize| gone & (1 << index) != 0;
        let of = |own: usize| {
            let change = |index| match (goes(index), own == index) {
                (true, true) => StatementChange::Remove,
                (true, false) => StatementChange::Apart,
                (false, _) => StatementChange::Keep,
            };
            let changes: Vec<StatementChange> = (0..4).map(change).collect();
            rewrite(text, document.notation, &document.policy, &changes).unwrap()
        };
        let left = |text: &str| read_file("main.tf", text).documents[0].policy.statements.len();
        let each: Vec<Edits> = (0..4).filter(|index| goes(*index)).map(of).collect();
        for alone in &each {
            assert_eq!(left(&alone.apply(text).unwrap()), 3, "{text} {gone:b}");
        }
        let together = Edits::new(each.iter().flat_map(|edits| edits.as_slice().to_vec()).collect()).unwrap();
        assert_eq!(left(&together.apply(text).unwrap()), 4 - gone.count_ones() as usize, "{text} {gone:b}");
        let codes: Vec<&str> = (0..4).map(|index| if goes(index) { "-" } else { "k" }).collect();
        assert!(rewritten(text, &codes.join(" ")).is_ok(), "{text} {gone:b}");
    }
}

#[test]
fn the_json_form_is_edited_as_json() {
    let text = |statements: &str| {
        format!(r#"{{"data": {{"aws_iam_policy_document": {{"d": {{"statement": {statements}}}}}}}}}"#)
    };
    let one =
        r#"[{"actions": ["a:1", "a:2"], "resources": ["*"]}, {"sid": "x", "actions": ["a:3"], "resources": ["*"]}]"#;
    let cases = [
        ("rk k", r#"[{"actions": ["a:2"], "resources": ["*"]}, {"sid": "x", "actions": ["a:3"], "resources": ["*"]}]"#),
        ("k1 -", r#"[{"actions": ["a:1", "n:1"], "resources": ["*"]}]"#),
    ];
    for (codes, expected) in cases {
        assert_eq!(rewritten_in("main.tf.json", &text(one), codes).unwrap(), text(expected), "{codes}");
    }
    let string =
        |policy: &str| serde_json::json!({"resource": [{"aws_iam_policy": {"p": {"policy": policy}}}]}).to_string();
    let policy = |actions: &str| {
        format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": {actions}, "Resource": "${{var.x}}"}}]}}"#)
    };
    assert_eq!(
        rewritten_in("main.tofu.json", &string(&policy(r#"["a:1", "a:2"]"#)), "k2").unwrap(),
        string(&policy(r#"["a:1", "n:1", "n:2"]"#))
    );
    let local = r#"{"locals": {"x": ["a:1", "a:2"]}}"#;
    assert_eq!(rewritten_in("main.tf.json", local, "1r").unwrap(), r#"{"locals": {"x": ["n:1"]}}"#);
}

#[test]
fn lists_of_actions_are_edited_where_they_are_written() {
    let text = |list: &str| format!("locals {{\n  x = {list}\n}}\n");
    assert_eq!(rewritten(&text("[\"a:1\", \"a:2\"]"), "r2").unwrap(), text("[\"n:1\", \"n:2\"]"));
    assert_eq!(
        rewritten(&text("concat([\n    \"a:1\", # one\n    \"a:2\",\n  ], var.more, [\"a:3\"])"), "krkr").unwrap(),
        text("concat([\n    \"a:1\", # one\n  ], var.more, [])")
    );
}

#[test]
fn a_list_with_a_heredoc_is_left_alone() {
    let text = document("[\"a:1\", <<EOT\na:2\nEOT\n, \"a:3\"]");
    assert_eq!(rewritten(&text, "kkr"), Err(Conflict));
}
