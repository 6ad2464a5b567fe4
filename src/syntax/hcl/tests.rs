use super::*;
use crate::source::LayerId;
use crate::syntax::json;

fn value(expression: &str) -> Node<'static> {
    parse(&format!("x = {expression}\n")).unwrap().get("x").unwrap().clone()
}

#[test]
fn every_value_has_the_span_of_what_is_written() {
    let text = "\u{feff}a \"é\" \"b\" {\r\n  x = [\"one\", (\"two\"), \"t${var.x}\"] # c\r\n  y {\r\n z = <<-EOF\r\n  {}\r\n  EOF\r\n}\r\n}\r\n";
    let body = parse(text).unwrap();
    let block = &body.blocks[0];
    assert_eq!((block.span.start, &block.labels), (3, &vec!["é".to_owned(), "b".to_owned()]));
    let list = block.body.get("x").unwrap();
    let items: Vec<&str> = list.list().unwrap().iter().map(|item| item.span.of(text)).collect();
    assert_eq!(items, ["\"one\"", "(\"two\")", "\"t${var.x}\""]);
    assert_eq!(list.span.of(text), "[\"one\", (\"two\"), \"t${var.x}\"]");
    assert_eq!(block.body.blocks[0].span.of(text), "y {\r\n z = <<-EOF\r\n  {}\r\n  EOF\r\n}");
    assert_eq!(block.body.blocks[0].body.get("z").unwrap().span.of(text), "<<-EOF\r\n  {}\r\n  EOF");
}

#[test]
fn expressions_are_seen_through_as_far_as_they_are_literal() {
    let text = |text: &'static str| Value::Text(text.into());
    let reference = |name: &'static str| Value::Reference(name.into());
    let cases: [(&str, Value<'_>); 10] = [
        ("\"a$${b}\\n\"", text("a${b}\n")),
        ("aws_iam_role.app[0].name", reference("aws_iam_role.app.*.name")),
        ("local.all[\"a\"].json", reference("local.all.a.json")),
        ("aws_iam_role.app.*.name", reference("aws_iam_role.app.*.name")),
        ("\"x-${var.y}\"", Value::Template(vec![Piece::Literal("x-".into()), Piece::Hole("var.y".into())])),
        ("{ a = 1, (var.k) : 2 }.a", Value::Opaque),
        ("!true", Value::Opaque),
        ("null", Value::Scalar),
        ("<<EOF\nfoo\nEOF", text("foo\n")),
        ("{ for k, v in x : k => v }", Value::Opaque),
    ];
    for (written, expected) in cases {
        assert_eq!(value(written).value, expected, "{written}");
    }
    let list = value("compact(flatten([\"a\", [\"b\"]]))");
    assert_eq!(list.list().map(<[_]>::len), Some(2));
    assert!(matches!(value("concat([\"a\"], var.x)").value, Value::Concat(lists) if lists.len() == 2));
    assert!(matches!(value("var.x ? \"a\" : null").value, Value::Choice(branches) if branches.len() == 1));
    assert!(matches!(value("[for x in y : { a = x }]").value, Value::Choice(branches) if branches.len() == 1));
    assert!(matches!(value("jsonencode({ \"a\": 1, b = 2 })").value, Value::Call(name, _) if name == "jsonencode"));
    assert!(matches!(value("f(x...)").value, Value::Opaque));
}

#[test]
fn what_is_not_hcl_is_a_problem_with_its_place() {
    for (text, start) in [("a = \n", 4), ("a {", 2), ("\u{feff}a = ]", 7)] {
        assert_eq!(parse(text).unwrap_err().span.start, start, "{text}");
    }
    for open in ["[", "{a=", "a {\n", "(", "f(", "\"${"] {
        assert!(parse(&format!("x = {}", open.repeat(100_000))).is_err());
        assert!(parse(&open.repeat(100_000)).is_err());
    }
}

#[test]
fn a_text_inside_maps_back_and_its_holes_are_masked() {
    let quoted = r#""{\"Action\":\"s3:${f("}")}*\",\"Resource\":[${x}],\"a\":\"$${b}\"}""#;
    let heredoc = "<<-EOF\n  {\n \"Action\": \"s3:${f(\"}\")}*\",\n\"Resource\": [${x}], \"a\": \"$${b}\" }\n  EOF";
    for (written, entry) in [(quoted, r#"\"s3:${f("}")}*\""#), (heredoc, "\"s3:${f(\"}\")}*\"")] {
        let text = format!("é = {written}\n");
        let node = parse(&text).unwrap().attributes[0].value.clone();
        assert_eq!(node.span.of(&text), written);
        let layer = inner_text(&text, LayerId::FILE, node.span).unwrap();
        let root = with_holes(&json::parse(&layer.text).unwrap().unwrap());
        let action = root.get("Action").unwrap();
        assert_eq!(layer.in_parent(action.span).of(&text), entry);
        assert!(matches!(&action.value, Value::Template(pieces) if pieces.len() == 3));
        assert_eq!(root.get("Resource").unwrap().list().unwrap()[0].value, Value::Opaque);
    }
}

#[test]
fn a_directive_between_values_is_blank_and_one_inside_of_a_string_unreadable() {
    let layer = |text: &str| inner_text(text, LayerId::FILE, parse(text).unwrap().attributes[0].value.span);
    let blank = layer("x = <<EOF\n[%{ if a }\"%%{\",%{ endif }1]\nEOF\n").unwrap();
    assert_eq!(blank.text, "[         \"%%{\",          1]\n");
    assert!(layer("x = <<EOF\n[\"%{ if a }b%{ endif }\"]\nEOF\n").is_none());
    assert!(layer("x = \"[%{ if a }1%{ endif }]\"\n").is_none());
    assert!(has_directive("a %{ if b }") && !has_directive("a %%{ if b }"));
}
