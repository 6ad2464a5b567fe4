//! The names at the ends of paths that functions put together, as in `join("/", [local.base, "deploy"])` and
//! `format("%s/deploy", local.base)`: what they are put after may be the beginning of a policy's ARN.

use super::mention::is_of_path;

/// How deep brackets and strings may lie in each other; of what lies deeper, any name may be at an end.
const MAX_DEPTH: usize = 256;

/// What is open at a place of a text.
struct Open<'t> {
    /// The bracket or the quote that it began with.
    with: u8,
    /// Where it began.
    at: usize,
    /// Whether a string began with an escaped quote, as in JSON.
    is_escaped: bool,
    /// Whether it holds the arguments of a function that puts strings together.
    puts_together: bool,
    /// Whether a slash is in a string of it, or what separates is nothing.
    has_slash: bool,
    /// The string that it ends with so far.
    last: Option<&'t str>,
}

/// The names with the places where they are put together, each once through the text.
pub(super) fn names_put_together(text: &str) -> Vec<(usize, &str)> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let mut look = Look { text, at: 0, open: Vec::new(), found: Vec::new() };
    if has("join") || has("format") {
        while look.step().is_some() {}
    }
    look.found
}

struct Look<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Open<'t>>,
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

    fn step_outside(&mut self, byte: u8) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match byte {
            b'"' => self.begin(byte, false),
            b'\\' if rest.starts_with("\\\"") => {
                self.at += 1;
                self.begin(b'"', true);
            }
            b'(' | b'[' | b'{' => self.begin(byte, false),
            b')' | b']' | b'}' => self.end(),
            b'#' => self.pass_to(rest, "\n"),
            b'/' if rest.starts_with("//") => self.pass_to(rest, "\n"),
            b'/' if rest.starts_with("/*") => self.pass_to(rest, "*/"),
            b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.open.last_mut().into_iter().for_each(|open| open.last = None),
        }
    }

    fn pass_to(&mut self, rest: &str, end: &str) {
        self.at += rest.find(end).map_or(rest.len(), |at| at + end.len() - 1);
    }

    fn begin(&mut self, with: u8, is_escaped: bool) {
        let before = self.text.get(..self.at).unwrap_or_default().trim_end();
        let puts_together = with == b'(' && ["join", "format"].iter().any(|function| before.ends_with(function));
        let at = self.at;
        self.open.push(Open { with, at, is_escaped, puts_together, has_slash: false, last: None });
    }

    fn end_string(&mut self) {
        let Some(string) = self.open.pop() else { return };
        let text = self.text.get(string.at + 1..self.at).unwrap_or_default();
        let Some(around) = self.open.last_mut() else { return };
        around.last = Some(text);
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
        let Some(Open { with, at, puts_together, has_slash, last, .. }) = self.open.pop() else { return };
        if puts_together && has_slash {
            self.found.extend(last.and_then(name_at_end).map(|name| (at, name)));
        }
        // What a list or a function ends with is handed on.
        let is_handed_on = with != b'{';
        if let Some(around) = self.open.last_mut().filter(|around| around.with != b'"') {
            around.last = last.filter(|_| is_handed_on);
            around.has_slash |= has_slash && is_handed_on;
        }
    }
}

fn name_at_end(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|name| !name.is_empty() && name.bytes().all(is_of_path))
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
