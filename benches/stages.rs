//! What each stage of a run costs: walk, findings, judging, fixes and diagnostics, reports.
//!
//! `cargo bench --bench stages`

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a bench makes the files that it measures with")]

use std::fs;
use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use iamtrim::catalog::Catalog;
use iamtrim::check::{check, judgements};
use iamtrim::config::Config;
use iamtrim::finding::{Evidence, EvidenceBuilder, ReadOptions, Selection};
use iamtrim::report::{human, sarif, style::Style};
use iamtrim::settings::{Scope, Settings};
use iamtrim::source::{SourceFile, Sources};
use iamtrim::walk::{self, WalkOptions};

const FINDINGS: &str = include_str!("../examples/cloudformation/findings/123456789012.json");
const TEMPLATE: &str = include_str!("../examples/cloudformation/infra/app.yaml");
const TEMPLATES: usize = 200;

fn main() {
    divan::main();
}

/// Ten folders of a hundred files that are none of ours, one template, and an ignored folder each.
fn tree(folder: &Path) {
    fs::write(folder.join(".gitignore"), "build/\n").unwrap();
    for area in 0..10 {
        let area = folder.join(format!("area-{area}"));
        fs::create_dir_all(area.join("build")).unwrap();
        for number in 0..100 {
            let name = if number % 2 == 0 { format!("{number}.go") } else { format!("{number}.conf") };
            fs::write(area.join(name), "Action = Effect\n".repeat(200)).unwrap();
        }
        fs::write(area.join("app.yaml"), TEMPLATE).unwrap();
    }
}

#[divan::bench]
fn walk(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let current_dir = folder.path().to_owned();
    let options = WalkOptions { paths: vec![PathBuf::from(".")], current_dir, reads: true, ..WalkOptions::default() };
    bencher.counter(ItemsCount::new(1011_usize)).bench(|| walk::walk(&options).unwrap().files.len());
}

fn evidence(text: &str) -> Evidence {
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("findings.json", text.as_bytes(), &ReadOptions::default()).unwrap();
    builder.finish()
}

#[divan::bench]
fn findings(bencher: Bencher<'_, '_>) {
    let text = FINDINGS.repeat(200);
    bencher.counter(BytesCount::of_str(&text)).bench(|| evidence(divan::black_box(&text)).identities.len());
}

/// Many copies of a template whose roles have findings.
fn sources() -> (Sources, [Scope; 1], Catalog) {
    let config = Config::parse(".iamtrim.yaml", r#"{stacks: {"*": [app-prod]}, accounts: {"**": ["123456789012"]}}"#);
    let settings = Settings::new(config.unwrap(), jiff::civil::date(2026, 10, 13));
    let files = (0..TEMPLATES).map(|number| SourceFile::new(format!("{number}.yaml"), TEMPLATE));
    (Sources::new(files.collect()), [Scope { settings, evidence: evidence(FINDINGS).into() }], Catalog::embedded())
}

#[divan::bench]
fn read_and_judge(bencher: Bencher<'_, '_>) {
    let (sources, scopes, catalog) = sources();
    bencher.counter(ItemsCount::new(TEMPLATES)).bench(|| judgements(&sources, &scopes, &catalog).len());
}

#[divan::bench]
fn read_judge_fix_and_diagnose(bencher: Bencher<'_, '_>) {
    let (sources, scopes, catalog) = sources();
    bencher.counter(ItemsCount::new(TEMPLATES)).bench(|| check(&sources, &scopes, &catalog).report.diagnostics.len());
}

#[divan::bench]
fn report_for_people(bencher: Bencher<'_, '_>) {
    let (sources, scopes, catalog) = sources();
    let report = check(&sources, &scopes, &catalog).report;
    assert!(report.diagnostics.len() >= TEMPLATES);
    let style = Style { color: false, unicode: true, width: 100, verbosity: Default::default() };
    bencher.counter(ItemsCount::new(report.diagnostics.len())).bench(|| human::render(&report, &sources, &style).len());
}

#[divan::bench]
fn report_as_sarif(bencher: Bencher<'_, '_>) {
    let (sources, scopes, catalog) = sources();
    let report = check(&sources, &scopes, &catalog).report;
    bencher.counter(ItemsCount::new(report.diagnostics.len())).bench(|| sarif::render(&report, &sources).len());
}
