//! The report for people at a terminal: each diagnostic at its line, the fix of a statement once, and what it comes to.
//!
//! Diagnostics of one statement follow each other; what holds for all of them is said with the last.

mod closing;
mod excerpt;
mod proposal;

use std::collections::BTreeMap;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Level as Grade, Origin, Renderer, Snippet};
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Fix, LATER_ACTIONS, Report};
use crate::report::inert;
use crate::report::style::{Style, Verbosity, wrap};
use crate::rule::Level;
use crate::source::{SourceFile, Sources};
use excerpt::Excerpt;
use proposal::Proposal;

/// What `= note: ` takes of a line, besides the line numbers.
const NOTE_INDENT: usize = 14;

/// Renders what `lint` found.
#[must_use]
pub fn render(report: &Report, sources: &Sources, style: &Style) -> String {
    let is_shown = |diagnostic: &&Diagnostic| style.verbosity == Verbosity::Verbose || weight(diagnostic) > Level::Note;
    let shown: Vec<&Diagnostic> = report.diagnostics.iter().filter(is_shown).collect();
    let page = Page { proposals: proposals(report), sources, style, renderer: renderer(style) };
    let speaks_of_later = |statement: &&[&Diagnostic]| {
        statement.iter().any(|diagnostic| diagnostic.notes.iter().any(|note| note == LATER_ACTIONS))
    };
    let statements: Vec<&[&Diagnostic]> = shown.chunk_by(|a, b| is_same_statement(a, b)).collect();
    let first = statements.iter().position(speaks_of_later).unwrap_or(statements.len());
    let write = |(index, statement): (usize, &&[&Diagnostic])| {
        let mut out = String::new();
        page.write_statement(&mut out, statement, index > first);
        inert::styled(&out).into_owned()
    };
    let mut out: String = statements.par_iter().enumerate().map(write).collect();
    if style.verbosity != Verbosity::Quiet {
        out.push_str(&inert::styled(&closing::line(report, style)));
        out.push('\n');
    }
    out
}

fn renderer(style: &Style) -> Renderer {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    // The marks of rustc's own output, which terminals and editors turn into links.
    renderer.decor_style(DecorStyle::Ascii).term_width(style.width)
}

fn is_same_statement(a: &Diagnostic, b: &Diagnostic) -> bool {
    let statement = |diagnostic: &Diagnostic| {
        diagnostic
            .policies
            .first()
            .map(|policy| (diagnostic.place.path.clone(), policy.address.clone(), policy.statement))
    };
    let statement_of_a = statement(a);
    statement_of_a.is_some() && statement_of_a == statement(b)
}

fn proposals<'a>(report: &'a Report) -> BTreeMap<&'a str, Proposal<'a>> {
    let of = |fix: &'a Fix| (fix.id.as_str(), Proposal { fix, parts: Vec::new() });
    let mut proposals: BTreeMap<&str, Proposal<'a>> = report.fixes.iter().map(of).collect();
    for diagnostic in &report.diagnostics {
        if let Some(proposal) = diagnostic.fix.as_deref().and_then(|id| proposals.get_mut(id)) {
            proposal.parts.push(diagnostic);
        }
    }
    proposals
}

/// What all diagnostics are written with.
struct Page<'a> {
    proposals: BTreeMap<&'a str, Proposal<'a>>,
    sources: &'a Sources,
    style: &'a Style,
    renderer: Renderer,
}

impl Page<'_> {
    /// The diagnostics of one statement, then its fix.
    fn write_statement(&self, out: &mut String, statement: &[&Diagnostic], says_later_actions: bool) {
        let Some((last, others)) = statement.split_last() else { return };
        let is_news = |note: &&String| !says_later_actions || *note != LATER_ACTIONS;
        for diagnostic in others {
            let is_shared = |note: &&String| statement.iter().all(|other| other.notes.contains(note));
            let own = diagnostic.notes.iter().filter(|note| !is_shared(note) && is_news(note));
            let help = diagnostic.help.as_ref().filter(|_| diagnostic.help != last.help);
            self.write(out, diagnostic, own, help);
            out.push('\n');
        }
        self.write(out, last, last.notes.iter().filter(is_news), last.help.as_ref());
        let fix = statement.iter().rev().find_map(|diagnostic| diagnostic.fix.as_deref());
        if let Some(proposal) = fix.and_then(|id| self.proposals.get(id))
            && let Some(file) = self.sources.get(proposal.fix.file)
        {
            proposal.write(out, file, self.style);
        }
        out.push('\n');
    }

    fn write<'d>(
        &self,
        out: &mut String,
        diagnostic: &'d Diagnostic,
        notes: impl Iterator<Item = &'d String>,
        help: Option<&String>,
    ) {
        let title = grade(weight(diagnostic)).primary_title(inert::line(&diagnostic.message)).id(diagnostic.rule.id());
        let file = diagnostic.place.file.and_then(|id| self.sources.get(id));
        let group = match file.and_then(|file| entry(diagnostic, file)) {
            Some(snippet) => title.element(snippet),
            None => title.element(origin(diagnostic, file)),
        };
        let group = notes.fold(group, |group, note| group.element(Grade::NOTE.message(self.wrapped(note))));
        let group = match &diagnostic.suppressed {
            Some(reason) => group.element(Grade::NOTE.message(self.wrapped(&format!("kept on purpose: {reason}")))),
            None => group,
        };
        let group = match help {
            Some(help) => group.element(Grade::HELP.message(self.wrapped(help))),
            None => group,
        };
        let rendered = self.renderer.render(&[group]);
        let rendered = match file {
            Some(file) => with_true_column(rendered, diagnostic, file),
            None => rendered,
        };
        out.push_str(&rendered);
        out.push('\n');
    }

    fn wrapped(&self, text: &str) -> String {
        wrap(&inert::line(text), self.style.width.saturating_sub(NOTE_INDENT)).join("\n")
    }
}

/// How much a diagnostic weighs; what is kept on purpose weighs nothing.
fn weight(diagnostic: &Diagnostic) -> Level {
    if diagnostic.suppressed.is_some() { Level::Note } else { diagnostic.level }
}

fn grade(level: Level) -> Grade<'static> {
    match level {
        Level::Error => Grade::ERROR,
        Level::Warning => Grade::WARNING,
        Level::Note => Grade::NOTE,
    }
}

/// The entry in its line, with the statement's `Sid` above where that is near; `None` for a file as a whole.
fn entry<'d>(diagnostic: &'d Diagnostic, file: &'d SourceFile) -> Option<Snippet<'d, Annotation<'d>>> {
    let span = diagnostic.place.span;
    if span.start == span.end && diagnostic.policies.is_empty() {
        return None;
    }
    let sid = excerpt::sid(file, diagnostic);
    let excerpt = Excerpt::around(file, span, sid);
    let primary = AnnotationKind::Primary.span(excerpt.local(span)?);
    let label = inert::line(&diagnostic.label);
    let primary = if label.is_empty() { primary } else { primary.label(label) };
    let context = sid.and_then(|sid| excerpt.local(sid));
    let context = context.map(|span| AnnotationKind::Context.span(span).label("in this statement"));
    let path = inert::line(&diagnostic.place.path);
    let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).path(path);
    Some(snippet.annotations(context).annotation(primary))
}

/// Puts the entry's own column into a header that counted it in what was cut out of a long line.
fn with_true_column(rendered: String, diagnostic: &Diagnostic, file: &SourceFile) -> String {
    let span = diagnostic.place.span;
    let excerpt = Excerpt::around(file, span, excerpt::sid(file, diagnostic));
    let Some(before) = excerpt.local(span).and_then(|local| excerpt.text.get(..local.start)) else { return rendered };
    let (path, position) = (inert::line(&diagnostic.place.path), file.position(span.start));
    let header = |column: usize| format!("{path}:{}:{column}\n", position.line);
    if excerpt.is_cut {
        rendered.replacen(&header(before.chars().count() + 1), &header(position.column), 1)
    } else {
        rendered
    }
}

fn origin<'d>(diagnostic: &'d Diagnostic, file: Option<&SourceFile>) -> Origin<'d> {
    let origin = Origin::path(inert::line(&diagnostic.place.path));
    match file {
        None => origin,
        Some(file) => {
            let position = file.position(diagnostic.place.span.start);
            origin.line(position.line).char_column(position.column)
        }
    }
}

#[cfg(test)]
mod tests;
