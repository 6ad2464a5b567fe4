//! What keeps single entries although they are unused: a comment beside them that allows it, or being newer than the
//! finding, which then cannot have seen them.
//!
//! Knows lines and comments of a file. Does not know actions.

use jiff::Timestamp;

use crate::rule::Rule;
use crate::source::{Layer, LayerId, SourceFile, Span, span_in_file};
use crate::syntax::Notation;
use crate::template::Document;

/// What begins the text of a comment that allows something, after the sign of the comment.
const MARK: &str = "iamtrim: allow[";

/// Why an entry is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The comment at this index of the file's comments allows it.
    Allowed(usize),
    /// It was written after the finding was made.
    Newer,
}

/// A comment that allows something: `# iamtrim: allow[unused-action] reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowComment {
    /// From its sign to the end of its line.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// Whether it has the line to itself, and so speaks of the next one too.
    pub is_alone: bool,
    /// The rules that it names.
    pub rules: Vec<Rule>,
    /// What it names that is no rule.
    pub unknown: Vec<String>,
    /// Why; empty if it does not say.
    pub reason: String,
}

impl AllowComment {
    /// Whether it allows what a rule says of something on this line.
    #[must_use]
    pub fn speaks_of(&self, line: usize, rule: Rule) -> bool {
        let beside = self.line == line || (self.is_alone && self.line + 1 == line);
        beside && !self.reason.is_empty() && self.rules.contains(&rule)
    }
}

/// The comments of a text that allow something, in order; none in JSON, which has no comments.
#[must_use]
pub fn allow_comments(text: &str, notation: Notation) -> Vec<AllowComment> {
    let signs: &[&str] = match notation {
        Notation::Json => return Vec::new(),
        Notation::Yaml => &["#"],
        Notation::Hcl => &["#", "//"],
    };
    if memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_none() {
        return Vec::new();
    }
    let mut start = 0;
    let mut comments = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        comments.extend(comment(line, signs).map(|(at, comment)| AllowComment {
            span: Span::new(start + at, start + line.trim_end().len()),
            line: index + 1,
            ..comment
        }));
        start += line.len();
    }
    comments
}

/// The comment of a line and its offset in it; its place in the file is still to be filled in.
fn comment(line: &str, signs: &[&str]) -> Option<(usize, AllowComment)> {
    let mark = line.find(MARK)?;
    let before = line.get(..mark)?.trim_end_matches([' ', '\t']);
    let sign = signs.iter().find(|sign| before.ends_with(**sign))?;
    let code = before.strip_suffix(sign)?;
    // A sign inside of a word begins no comment.
    if !code.is_empty() && !code.ends_with([' ', '\t']) {
        return None;
    }
    let (named, reason) = line.get(mark + MARK.len()..)?.split_once(']')?;
    let (mut rules, mut unknown) = (Vec::new(), Vec::new());
    for id in named.split(',').map(str::trim) {
        match Rule::named(id) {
            Some(rule) => rules.push(rule),
            None => unknown.push(id.to_owned()),
        }
    }
    let comment = AllowComment {
        span: Span::default(),
        line: 0,
        is_alone: code.trim_start_matches('\u{feff}').trim().is_empty(),
        rules,
        unknown,
        reason: reason.trim().to_owned(),
    };
    Some((code.len(), comment))
}

/// What holds the entries of one document.
#[derive(Debug, Clone, Copy)]
pub struct Holds<'a> {
    file: &'a SourceFile,
    layers: &'a [Layer],
    layer: LayerId,
    comments: &'a [AllowComment],
    /// When the oldest finding concerned was made.
    analyzed_at: Option<Timestamp>,
}

impl<'a> Holds<'a> {
    /// Looks at the lines of a document's entries.
    #[must_use]
    pub fn new(
        file: &'a SourceFile,
        layers: &'a [Layer],
        document: &Document,
        comments: &'a [AllowComment],
        analyzed_at: Option<Timestamp>,
    ) -> Self {
        Self { file, layers, layer: document.layer, comments, analyzed_at }
    }

    /// What holds the entry at `span` of the document's text against `rule`, if anything does.
    #[must_use]
    pub fn of(&self, span: Span, rule: Rule) -> Option<Hold> {
        if self.comments.is_empty() && self.file.changed.is_empty() {
            return None;
        }
        let span = span_in_file(self.layers, self.layer, span);
        let line = self.file.line_of(span.start);
        if let Some(index) = self.comments.iter().position(|comment| comment.speaks_of(line, rule)) {
            return Some(Hold::Allowed(index));
        }
        let is_newer = match self.file.changed.get(&line)? {
            None => true,
            Some(changed) => self.analyzed_at.is_some_and(|analyzed| *changed > analyzed),
        };
        is_newer.then_some(Hold::Newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_says_what_it_allows_and_why() {
        let cases = [
            ("- s3:Get* # iamtrim: allow[unused-action] runbook\n", Some((10, false, 1, "runbook"))),
            ("  # iamtrim: allow[unused-action, unused-service]  two words \n", Some((2, true, 2, "two words"))),
            ("# iamtrim: allow[unused-action]\n", Some((0, true, 1, ""))),
            ("x#iamtrim: allow[unused-action] y\n", None),
            ("// iamtrim: allow[unused-action] y\n", None),
            ("# allow[unused-action] y\n", None),
        ];
        for (text, expected) in cases {
            let found = allow_comments(text, Notation::Yaml);
            let told = found.first().map(|c| (c.span.start, c.is_alone, c.rules.len(), c.reason.as_str()));
            assert_eq!(told, expected, "{text}");
        }
        assert_eq!(allow_comments("// iamtrim: allow[unused-action] y", Notation::Hcl).len(), 1);
        assert_eq!(allow_comments("# iamtrim: allow[unused-action] y", Notation::Json), []);
        assert_eq!(allow_comments("# iamtrim: allow[nothing] y", Notation::Yaml)[0].unknown, ["nothing"]);
    }

    #[test]
    fn a_comment_speaks_of_its_line_and_alone_of_the_next() {
        let text = "a: 1\n# iamtrim: allow[unused-action] why\n- x\n- y # iamtrim: allow[unused-action] why\n- z\n";
        let comments = allow_comments(text, Notation::Yaml);
        let lines: Vec<usize> =
            (1..=5).filter(|line| comments.iter().any(|c| c.speaks_of(*line, Rule::UnusedAction))).collect();
        assert_eq!(lines, [2, 3, 4]);
    }
}
