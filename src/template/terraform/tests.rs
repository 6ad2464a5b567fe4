use crate::template::read_file;

/// The patterns of each statement of a document with these blocks, else why it is skipped or what is wrong with it.
fn read(blocks: &str) -> String {
    let reading = read_file("main.tf", &format!("data \"aws_iam_policy_document\" \"d\" {{\n{blocks}}}\n"));
    let entries = |statement: &crate::policy::Statement| {
        let patterns = statement.actions.entries.iter().map(|e| e.pattern.as_ref().map_or("?", |p| p.as_str()));
        patterns.collect::<Vec<_>>().join(" ")
    };
    let policies = reading.documents.iter().map(|document| {
        let opaque = if document.policy.opaque == 0 { "" } else { " and more" };
        let statements: Vec<String> = document.policy.statements.iter().map(entries).collect();
        statements.join(" | ") + opaque
    });
    let others = reading.skipped.iter().map(|skipped| skipped.reason.word().to_owned());
    policies.chain(others).chain(reading.problems.into_iter().map(|problem| problem.message)).collect()
}

#[test]
fn a_statement_with_principals_of_either_kind_is_of_no_identity() {
    let statement = |more: &str| format!("statement {{\n actions = [\"s3:Get*\"]\n resources = [\"*\"]\n{more}}}\n");
    let written = "principals {\n type = \"AWS\"\n identifiers = [\"*\"]\n}\n";
    let given = "dynamic \"principals\" {\n for_each = var.p\n content {\n type = principals.value\n }\n}\n";
    let cases = [
        (String::new(), "s3:Get*"),
        (written.to_owned(), "resource-policy"),
        (given.to_owned(), "resource-policy"),
        (written.repeat(2), "resource-policy"),
        (format!("{written}{given}{given}"), "resource-policy"),
    ];
    for (more, expected) in cases {
        assert_eq!(read(&statement(&more)), expected, "{more}");
    }
}

#[test]
fn a_repeated_statement_whose_principals_and_actions_are_given_says_nothing_of_the_others() {
    let own = "statement {\n actions = [\"s3:Get*\"]\n resources = [\"*\"]\n}\n";
    let repeated = |actions: &str, more: &str| {
        let given = "dynamic \"principals\" {\n for_each = try(statement.value.principals, [])\n content {\n type = principals.value.type\n }\n}\n";
        format!(
            "{own}dynamic \"statement\" {{\n for_each = var.statements\n content {{\n actions = {actions}\n resources = statement.value.resources\n{given}{more}}}\n}}\n"
        )
    };
    let fixed = "principals {\n type = \"AWS\"\n identifiers = [\"*\"]\n}\n";
    let cases = [
        ("statement.value.actions", "", "s3:Get* and more"),
        ("try(statement.value.actions, null)", "", "s3:Get* and more"),
        ("try(statement.value.actions, [\"s3:Put*\"])", "", "resource-policy"),
        ("[\"s3:Put*\"]", "", "resource-policy"),
        ("statement.value.actions", fixed, "resource-policy"),
    ];
    for (actions, more, expected) in cases {
        assert_eq!(read(&repeated(actions, more)), expected, "{actions} {more}");
    }
}

#[test]
fn a_text_with_directives_is_read_and_never_written() {
    let text = "resource \"aws_iam_policy\" \"p\" {\n policy = <<EOT\n{\"Version\": \"2012-10-17\", \"Statement\": [\n %{ if var.a }\n{\"Effect\": \"Allow\", \"Action\": \"a:1\", \"Resource\": \"*\"},\n %{ endif }\n{\"Effect\": \"Allow\", \"Action\": \"a:2\", \"Resource\": \"*\"}]}\nEOT\n}\n";
    let reading = read_file("main.tf", text);
    let [document] = reading.documents.as_slice() else { panic!("{:?}", reading.skipped) };
    assert_eq!(document.policy.statements.len(), 2);
    assert!(document.read_only.is_some_and(|why| why.contains("directives")));
}
