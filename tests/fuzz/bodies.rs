//! What must hold for any bytes: the bodies of the fuzz targets, which the tests of every run call too.

#[path = "../laws/cases.rs"]
mod cases;
#[path = "../laws/checks.rs"]
mod checks;
#[path = "bodies/evidence.rs"]
mod evidence;
#[path = "bodies/fixing.rs"]
mod fixing;
#[path = "bodies/lessened.rs"]
mod lessened;
#[path = "../laws/method.rs"]
mod method;
#[path = "../laws/oracle.rs"]
mod oracle;
#[path = "bodies/parsing.rs"]
mod parsing;
#[expect(dead_code, reason = "the laws use all of it")]
#[path = "../laws/program.rs"]
mod program;
#[path = "bodies/refining.rs"]
mod refining;
#[path = "bodies/reporting.rs"]
mod reporting;
#[path = "bodies/wildcards.rs"]
mod wildcards;

pub(crate) use fixing::fix_any;
pub(crate) use parsing::parse_any;
pub(crate) use refining::refine_laws;
pub(crate) use wildcards::wildcard_vs_regex;

/// The name of a file, by the first byte of an input.
pub(crate) fn file_name(selector: u8) -> &'static str {
    match selector {
        b'j' => "policy.json",
        b'y' => "app.yaml",
        b't' => "roles.template",
        b's' => "serverless.yml",
        b'h' => "main.tf",
        b'd' => "cdk.out/App.template.json",
        _ => "policy",
    }
}
