//! The names at the ends of paths that functions put together, as in `join("/", [local.base, "deploy"])` and
//! `format("%s/deploy", local.base)`: what they are put after may be the beginning of a policy's ARN.

use super::mention::is_of_path;

/// How long the name of a managed policy is at most.
const MAX_NAME: usize = 128;

/// How many strings an expression may end with that are noted, the branches of conditions.
const MAX_ENDS: usize = 8;

/// How deep brackets and strings may lie in each other; of what lies deeper, any name may be at an end.
const MAX_DEPTH: usize = 256;

/// What is open at a place of a text.
struct Open<'t> {
    /// The bracket or the quote that it began with; `<` for a heredoc.
    with: u8,
    /// Where it began.
    at: usize,
    /// Whether a string began with an escaped quote, as in JSON.
    is_escaped: bool,
    /// Whether it holds the arguments of a function that puts strings together.
    puts_together: bool,
    /// Whether a slash is in a string of it, or what separates is nothing.
    has_slash: bool,
    /// The strings that it may end with so far.
    ends: Vec<&'t str>,
    /// Whether what follows is another branch of the same.
    is_branch: bool,
    /// The line that a heredoc ends with.
    marker: &'t str,
}

impl<'t> Open<'t> {
    /// Notes what it ends with so far, beside what other branches end with.
    fn end_with(&mut self, ends: impl IntoIterator<Item = &'t str>) {
        if !std::mem::take(&mut self.is_branch) {
            self.ends.clear();
        }
        let room = MAX_ENDS.saturating_sub(self.ends.len());
        self.ends.extend(ends.into_iter().take(room));
    }

    fn at(with: u8, at: usize) -> Self {
        let ends = Vec::new();
        Self { with, at, is_escaped: false, puts_together: false, has_slash: false, ends, is_branch: false, marker: "" }
    }
}

/// The names, with the places where they are put together; one pass, and the room of its nesting.
pub(super) fn names_put_together(text: &str) -> Vec<(usize, &str)> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let mut look = Look { text, at: 0, open: Vec::new(), has_open_comment: false, found: Vec::new() };
    if has("join") || has("format") {
        while look.step().is_some() {}
    }
    look.found
}

struct Look<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Open<'t>>,
    has_open_comment: bool,
    found: Vec<(usize, &'t str)>,
}

impl<'t> Look<'t> {
    /// Takes a byte, or a comment as a whole; `None` at the end.
    fn step(&mut self) -> Option<()> {
        let byte = *self.text.as_bytes().get(self.at)?;
        if self.open.len() > MAX_DEPTH {
            self.found.push((self.at, "*"));
            return None;
        }
        match self.open.last() {
            Some(Open { with: b'"', is_escaped, .. }) => self.step_in_string(byte, *is_escaped),
            Some(Open { with: b'<', marker, .. }) => self.step_in_heredoc(byte, marker),
            _ => self.step_outside(byte),
        }
        self.at += 1;
        Some(())
    }

    fn step_in_string(&mut self, byte: u8, is_escaped: bool) {
        let next = self.text.as_bytes().get(self.at + 1);
        match byte {
            b'\\' if is_escaped && next == Some(&b'"') => self.end_string(),
            b'\\' => self.at += 1,
            b'$' | b'%' if next == Some(&b'{') => {
                self.at += 1;
                self.begin(b'{', false);
            }
            b'"' => self.end_string(),
            // No string goes on in another line: this was none.
            b'\n' => drop(self.open.pop()),
            _ => {}
        }
    }

    fn step_in_heredoc(&mut self, byte: u8, marker: &str) {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        match byte {
            b'$' | b'%' if rest.starts_with('{') => {
                self.at += 1;
                self.begin(b'{', false);
            }
            b'\n' if rest.lines().next().is_some_and(|line| line.trim() == marker) => drop(self.open.pop()),
            _ => {}
        }
    }

    fn step_outside(&mut self, byte: u8) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match byte {
            b'"' => self.begin(byte, false),
            b'\\' if rest.starts_with("\\\"") => {
                self.at += 1;
                self.begin(b'"', true);
            }
            // White space of a string of JSON.
            b'\\' if ["\\n", "\\r", "\\t"].iter().any(|escape| rest.starts_with(escape)) => self.at += 1,
            b'(' | b'[' | b'{' => self.begin(byte, false),
            b')' | b']' | b'}' => self.end(),
            b'<' if rest.starts_with("<<") => self.begin_heredoc(rest),
            b'?' => {}
            b':' => self.open.last_mut().into_iter().for_each(|open| open.is_branch = true),
            b'#' => self.at += rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("//") => self.at += rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => self.pass_comment(rest),
            b',' => self.open.last_mut().into_iter().for_each(|open| open.is_branch = false),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.open.last_mut().filter(|open| !open.is_branch).into_iter().for_each(|open| open.ends.clear()),
        }
    }

    /// What does not end is no comment, and nothing after it is.
    fn pass_comment(&mut self, rest: &str) {
        match Some(rest).filter(|_| !self.has_open_comment).and_then(|rest| rest.find("*/")) {
            Some(end) => self.at += end + 1,
            None => self.has_open_comment = true,
        }
    }

    fn begin(&mut self, with: u8, is_escaped: bool) {
        let before = self.text.get(..self.at).unwrap_or_default().trim_end();
        let functions = ["join", "format", "formatlist"];
        let puts_together = with == b'(' && functions.iter().any(|function| before.ends_with(function));
        self.open.push(Open { is_escaped, puts_together, ..Open::at(with, self.at) });
    }

    fn begin_heredoc(&mut self, rest: &'t str) {
        let marker = rest.lines().next().unwrap_or_default().trim_start_matches('<').trim_start_matches('-').trim();
        if !marker.is_empty() && marker.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.open.push(Open { marker, ..Open::at(b'<', self.at) });
        }
        self.at += 1;
    }

    fn end_string(&mut self) {
        let Some(string) = self.open.pop() else { return };
        let text = self.text.get(string.at + 1..self.at).unwrap_or_default();
        let Some(around) = self.open.last_mut() else { return };
        around.end_with([text]);
        around.has_slash |= text.is_empty() || text.contains('/');
        // The format itself may end in the name.
        if around.puts_together && text.starts_with('%') {
            self.found.extend(name_at_end(text).filter(|_| text.contains('/')).map(|name| (string.at, name)));
        }
        if string.is_escaped {
            self.at += 1;
        }
    }

    fn end(&mut self) {
        let Some(Open { with, at, puts_together, has_slash, ends, .. }) = self.open.pop() else { return };
        if puts_together && has_slash {
            self.found.extend(ends.iter().copied().filter_map(name_at_end).map(|name| (at, name)));
        }
        // What a list or a function ends with is handed on.
        let is_handed_on = with != b'{';
        if let Some(around) = self.open.last_mut().filter(|around| around.with != b'"') {
            around.end_with(ends.into_iter().filter(|_| is_handed_on));
            around.has_slash |= has_slash && is_handed_on;
        }
    }
}

fn name_at_end(path: &str) -> Option<&str> {
    let end = path.get(path.len().saturating_sub(MAX_NAME + 1)..)?;
    let name = end.rsplit('/').next()?;
    (!name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_of_path)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_a_path_is_put_together() {
        let cases = [
            (r#"join("/", [local.base, "deploy"])"#, "deploy"),
            (r#"join( "/" , [ local.bases[0], "team/deploy", ] )"#, "deploy"),
            ("join(\"/\", [\n local.base, # which\n \"deploy\" # the policy]\n])", "deploy"),
            ("join(\"/\", concat([local.base], [\"x\", \"deploy\"]))", "deploy"),
            (
                r#"join("/", [a.outputs["base"], /* "x" */ "deploy" // last
              ])"#,
                "deploy",
            ),
            (r#"join("", [local.base, "/", "deploy"])"#, "deploy"),
            (r#"join("-", [local.base, "deploy"])"#, ""),
            (r#"join("/", ["deploy", local.base])"#, ""),
            (r#"format("%s/deploy", local.base)"#, "deploy"),
            (r#"format("%s/%s", local.base, "deploy")"#, "deploy"),
            (r#"format("%s-deploy", local.base)"#, ""),
            (r#""x ${join("/", [local.base, "deploy"])}""#, "deploy"),
            (r#""${join(\"/\", [local.base, \"deploy\"])}""#, "deploy"),
            (r#"try(join("/", [local.base, "deploy"]), "other")"#, "deploy"),
            ("<<EOT\n a \" quote\n${join(\"/\", [local.base, \"deploy\"])}\nEOT\n", "deploy"),
            ("join(\"/\", [<<EOT\nrm x/* #\" (\nEOT\n, local.base, \"deploy\"])", "deploy"),
            (
                "[<<-EOT\n rm ./build/* ${join(\"/\", [local.base, \"a\"])} '\n  EOT\n, join(\"/\", [local.base, \"b\"])]",
                "a b",
            ),
            (r#""${join(\"/\", [\n local.base,\n \"deploy\"\n])}""#, "deploy"),
            (r#"formatlist("%s/%s", local.bases, ["deploy"])"#, "deploy"),
            (r#"join("/", [local.base, var.x ? "deploy" : "other"])"#, "deploy other"),
            (r#"join("/", [local.base, var.x ? "deploy" : var.other])"#, "deploy"),
            (r#"join("/", [local.base, "deploy", local.other])"#, ""),
            ("[1 /* 2, join(\"/\", [local.base, \"deploy\"])]", "deploy"),
            (r#"join("/", [local.base, "*"])"#, ""),
            (r#"join("/", [local.base, "deploy"]"#, ""),
            (r#"joined(")))]]}}")"#, ""),
        ];
        for (text, expected) in cases {
            let names: Vec<&str> = names_put_together(text).into_iter().map(|(_, name)| name).collect();
            assert_eq!(names.join(" "), expected, "{text}");
        }
        let deep = format!("join{}", "(".repeat(MAX_DEPTH + 2));
        assert_eq!(names_put_together(&deep).len(), 1);
    }
}
