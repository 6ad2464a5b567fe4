//! Whole runs as data: commands, all that they print, exit codes, and the files they leave.

use trycmd::schema::Bin;

#[test]
fn commands_print_what_is_written_down() {
    let cases = trycmd::TestCases::new();
    cases.env("NO_COLOR", "1");
    // Its commands need an account.
    cases.register_bin("aws", Bin::Ignore);
    for documents in
        ["README.md", "CONTRIBUTING.md", "docs/*.md", "docs/rules/*.md", "tests/cmd/*.trycmd", "tests/cmd/*.toml"]
    {
        cases.case(documents);
    }
    cases.run();
}
