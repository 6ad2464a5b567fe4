use super::*;
use crate::source::LayerId;

/// Every text of a tree with what stands at its place.
fn texts<'t>(node: &'t Node<'_>, source: &'t str, found: &mut Vec<(&'t str, &'t str)>) {
    match &node.value {
        Value::Text(text) => found.push((text, node.span.of(source))),
        Value::List(items) | Value::Call(_, items) => items.iter().for_each(|item| texts(item, source, found)),
        Value::Table(entries) => entries.iter().for_each(|entry| {
            found.push((&entry.key, entry.key_span.of(source)));
            texts(&entry.value, source, found);
        }),
        _ => {}
    }
}

fn root(text: &str) -> Node<'_> {
    let stream = parse(text);
    assert_eq!(stream.problem, None, "{text}");
    stream.documents.into_iter().next().unwrap()
}

const TOKENS: &str = "# é 日本語 🎉\nAction:   # why\n  - s3:Get*   # é\n  - \"s3:\\u0050ut*\"\n  - 's3:L''st*'\n  - >-\n    folded\n    text\n  - | # a | comment\n    literal\n\nFlow: {a: [x, \"y\", 'z'], b: {c: d}}\n日本: 🎉\nlast: |\n  one\n   two\n";

#[test]
fn every_span_covers_what_was_read_whatever_the_line_ends() {
    let expected = [
        ("Action", "Action"),
        ("s3:Get*", "s3:Get*"),
        ("s3:Put*", "\"s3:\\u0050ut*\""),
        ("s3:L'st*", "'s3:L''st*'"),
        ("folded text", ">-\n    folded\n    text"),
        ("literal\n", "| # a | comment\n    literal"),
        ("Flow", "Flow"),
        ("a", "a"),
        ("x", "x"),
        ("y", "\"y\""),
        ("z", "'z'"),
        ("b", "b"),
        ("c", "c"),
        ("d", "d"),
        ("日本", "日本"),
        ("🎉", "🎉"),
        ("last", "last"),
        ("one\n two\n", "|\n  one\n   two"),
    ];
    let windows = TOKENS.replace('\n', "\r\n");
    for text in [TOKENS, &format!("\u{feff}{TOKENS}"), &windows, &format!("\u{feff}{windows}")] {
        let root = root(text);
        let mut found = Vec::new();
        texts(&root, text, &mut found);
        let found: Vec<(&str, String)> = found.iter().map(|(read, at)| (*read, at.replace('\r', ""))).collect();
        assert_eq!(found, expected.map(|(read, at)| (read, at.to_owned())));
    }
}

#[test]
fn a_collection_ends_with_its_last_value() {
    let text = "- a: 1\n  b: [x] # c\n\n# d\n- e:\n    - f\n  g:\n- h\n";
    let root = root(text);
    let spans: Vec<&str> = root.list().unwrap().iter().map(|item| item.span.of(text)).collect();
    assert_eq!(spans, ["a: 1\n  b: [x]", "e:\n    - f\n  g", "h"]);
}

#[test]
fn a_tag_is_a_call_and_lies_in_the_span() {
    let text =
        "a: !Sub \"x\"\nb: !If [c, d, !Ref AWS::NoValue]\nc: !GetAtt R.Arn\nd: !!str 1\ne: !<tag:x,1:y> z\nf: !Ref\n";
    let root = root(text);
    let call = |key: &str| match &root.get(key).unwrap().value {
        Value::Call(name, arguments) => (name.to_string(), arguments[0].clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(root.get("a").unwrap().span.of(text), "!Sub \"x\"");
    assert_eq!((call("a").0.as_str(), call("a").1.text()), ("Sub", Some("x")));
    assert_eq!(call("b").1.list().unwrap().len(), 3);
    assert_eq!(call("c").1.text(), Some("R.Arn"));
    assert_eq!(root.get("d").unwrap().text(), Some("1"));
    assert_eq!(root.get("e").unwrap().value, Value::Opaque);
    assert_eq!(call("f").0, "Ref");
}

#[test]
fn an_alias_is_a_copy_with_the_places_of_the_original() {
    let text = "a: &x [s3:Get*]\nb: *x\nc: &y {k: 1, l: m}\nd: {<<: *y, l: n, o: p}\ne: {<<: [*y, {k: 2, q: r}]}\n";
    let root = root(text);
    let first = |key: &str| root.get(key).unwrap().list().unwrap()[0].span;
    assert_eq!((first("a"), root.get("b").unwrap().span.of(text)), (first("b"), "&x [s3:Get*]"));
    let keys = |key: &str| -> Vec<String> {
        root.get(key).unwrap().table().unwrap().iter().map(|entry| entry.key.to_string()).collect()
    };
    assert_eq!(
        (keys("d"), keys("e")),
        (vec!["l".into(), "o".into(), "k".into()], vec!["k".into(), "l".into(), "q".into()])
    );
    assert_eq!(root.get("d").unwrap().get("l").unwrap().text(), Some("n"));
}

#[test]
fn what_is_text_and_what_is_not() {
    let cases = [
        ("2012-10-17", false),
        ("'2012-10-17'", true),
        ("12", false),
        ("1.5e3", false),
        ("0x1F", false),
        ("~", false),
        ("Null", false),
        ("on", false),
        ("Allow", true),
        ("s3:Get*", true),
        ("1password", true),
        ("-", true),
        ("*:x", true),
    ];
    for (written, expected) in cases {
        let text = format!("a: {written}\n");
        let stream = parse(&text);
        let is_text = stream.documents.first().map(|root| root.get("a").unwrap().text().is_some());
        assert_eq!(is_text.unwrap_or(true), expected, "{written}");
    }
}

#[test]
fn documents_come_one_by_one_up_to_the_first_problem() {
    let stream = parse("---\na: 1\n---\n- b\n...\n---\nc: [\n---\nd: 1\n");
    assert_eq!((stream.documents.len(), stream.problem.is_some()), (2, true));
}

#[test]
fn what_is_no_yaml_is_a_problem_with_its_place() {
    let cases = [
        ("Action: *\n", 8),
        ("a: b\n\tc: d\n", 5),
        ("{{ range }}\na: b\n", 12),
        ("a: *missing\n", 3),
        ("a: [&x *x]\n", 7),
    ];
    for (text, near) in cases {
        let problem = parse(text).problem.unwrap_or_else(|| panic!("{text}"));
        assert!(problem.span.start.abs_diff(near) <= 2, "{text}: {problem:?}");
        assert!(problem.message.lines().count() == 1);
    }
}

#[test]
fn nesting_and_aliases_without_end_are_problems_not_crashes() {
    for open in ["[", "{a: ", "- ", "? ", "- [", "a:\n- [{b: "] {
        assert!(parse(&open.repeat(20_000)).problem.is_some(), "{open}");
    }
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    assert!(parse(&laughs).problem.is_some());
    let mut tower = String::from("a0: &a0 x\n");
    for level in 1..2000 {
        tower.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(parse(&tower).problem.is_some());
}

#[test]
fn a_list_may_follow_a_hundred_comments_and_a_long_key() {
    let text = format!("Action:\n{}  - s3:Get*\n{}: x\n", "  # why\n".repeat(200), "k".repeat(2000));
    assert_eq!(root(&text).table().unwrap().len(), 2);
}

#[test]
fn a_text_inside_maps_back_to_its_bytes() {
    let hosts = [
        "a: |\n    {\"Action\":\n\n      [\"s3:Get*\"]}\n",
        "a: |\r\n    {\"Action\":\r\n\r\n      [\"s3:Get*\"]}\r\n",
        "a: '{\"Sid\": \"it''s\", \"Action\": \"s3:Get*\"}'\n",
        "a: \"{\\\"Sid\\\": \\\"é\\\", \\\"Action\\\": \\\"s3:Get*\\\"}\"\n",
        "a: >-\n   {\"Action\":\n\n   [\"s3:Get*\",\n   \"x\"]}\n",
        "a: \"{\\\"Action\\\":\n  \\\"s3:Get*\\\"}\"\n",
    ];
    for host in hosts {
        let root = root(host);
        let node = root.get("a").unwrap();
        let layer = inner_text(host, LayerId::FILE, node.span, node.text().unwrap()).unwrap();
        assert_eq!(layer.text.trim_end(), node.text().unwrap().trim_end(), "{host}");
        let at = u32::try_from(layer.text.find("s3:Get*").unwrap()).unwrap();
        assert_eq!(layer.in_parent(Span { start: at, end: at + 7 }).of(host), "s3:Get*", "{host}");
        let ascending = layer.anchors.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        assert!(ascending, "{host}: {:?}", layer.anchors);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_with_spans_on_characters(text in "([ \\-:\\[\\]{},&*!|>'\"#\n\t\r?xé%@]|<<: |- |a: |\\*a|&a |!Sub ){0,40}") {
        for node in parse(&text).documents {
            let mut found = Vec::new();
            texts(&node, &text, &mut found);
            proptest::prop_assert!(text.get(node.span.range()).is_some());
            if let Value::Text(decoded) = &node.value {
                let _ = inner_text(&text, LayerId::FILE, node.span, decoded);
            }
        }
    }
}
