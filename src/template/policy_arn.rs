//! The ARNs of managed policies in texts of any kind, and the names at their ends.
//!
//! A look at the characters, escapes of strings included, so that no notation has to be known and no file to be whole.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// A place where a text has the ARN of a managed policy that is not AWS's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyArn {
    /// Where it has `policy`.
    pub(super) offset: usize,
    /// Whether that is after an account, rather than at the beginning of a string that others are put before.
    pub(super) is_whole: bool,
    /// The name at its end, with `*` for what deployment puts in.
    pub(super) name: String,
}

/// All of them; one with a comma may be a list, and counts as all that it could be.
pub(super) fn policy_arns(text: &str) -> impl Iterator<Item = PolicyArn> {
    let places = memmem::find_iter(text.as_bytes(), "policy").filter_map(|offset| {
        let (before, rest) = (text.get(..offset)?, text.get(offset + "policy".len()..)?);
        // What follows may stand in another string.
        let is_end = rest.chars().next().is_none_or(|c| "/\\\"',] \t\r\n$%{".contains(c));
        let account = without_colon(before);
        let is_arn = match account {
            Some(account) => is_of_account(account) && is_end,
            None => rest.starts_with('/') && (before.is_empty() || before.ends_with(['"', '\'', ' ', ',', '['])),
        };
        is_arn.then_some((offset, account.is_some(), rest))
    });
    places.flat_map(|(offset, is_whole, rest)| {
        names_at_end(rest).into_iter().map(move |name| PolicyArn { offset, is_whole, name })
    })
}

/// Whether a text may have one, escapes and all: a look that costs next to nothing.
pub(super) fn may_speak_of_policies(text: &str) -> bool {
    let after = |offset: usize| text.as_bytes().get(offset + "policy".len());
    memmem::find_iter(text.as_bytes(), ":policy").next().is_some()
        || memmem::find_iter(text.as_bytes(), "policy")
            .any(|offset| after(offset).is_some_and(|byte| b"/\\".contains(byte)))
}

/// The text before a colon, however that is written in a string; a string of YAML may go on in another line after it.
fn without_colon(before: &str) -> Option<&str> {
    let line = before.trim_end();
    let before = match line.strip_suffix('\\') {
        Some(line) if before.get(line.len()..).is_some_and(|end| end.contains('\n')) => line,
        _ => before,
    };
    before.strip_suffix(':').or_else(|| {
        let escape = before.trim_end_matches(|c: char| c.is_ascii_hexdigit());
        let (digits, escape) = (before.get(escape.len()..)?, escape.strip_suffix(['x', 'u', 'U'])?);
        let is_colon = digits.trim_start_matches('0').eq_ignore_ascii_case("3a");
        escape.strip_suffix('\\').filter(|_| is_colon).map(|account| account.trim_end_matches('\\'))
    })
}

/// How far back an ARN may begin, in bytes.
const MAX_ACCOUNT: usize = 256;

/// Whether a text ends with an account of an ARN of IAM that is not AWS itself, or with what may stand for one where the
/// ARN's beginning is somewhere else.
fn is_of_account(before: &str) -> bool {
    let from = before.len().saturating_sub(MAX_ACCOUNT);
    let tail = (from..=before.len()).find_map(|from| before.get(from..)).unwrap_or_default();
    let known = tail.rfind("arn:").and_then(|at| tail.get(at + "arn:".len()..)).and_then(|rest| {
        let (_partition, rest) = rest.split_at_checked(segment(rest))?;
        let rest = rest.strip_prefix(':')?;
        let (service, rest) = rest.split_at_checked(segment(rest))?;
        let is_literal = service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let account = rest.strip_prefix(':').map(|rest| rest.get(segment(rest)..).unwrap_or_default())?;
        is_literal.then(|| service == "iam" && account != ":aws")
    });
    known.unwrap_or_else(|| {
        let may_end =
            |c: char| c.is_ascii_digit() || matches!(c, '}' | '*' | ':' | '>' | ')' | '%' | '@' | '_' | '"' | '\'');
        before.is_empty() || before.ends_with(may_end) || before.ends_with("%s")
    })
}

/// How long the first part of an ARN is; what is put in may have colons of its own.
fn segment(text: &str) -> usize {
    let mut open = 0_usize;
    let end = text.bytes().position(|byte| {
        match byte {
            b'{' | b'(' => open += 1,
            b'}' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0 && byte == b':'
    });
    end.unwrap_or(text.len())
}

/// How much of a text the name at the end of an ARN can take, in bytes, the holes in it included.
const MAX_ARN: usize = 2_048;

/// The last part of a path that a text begins with, with `*` for all that is not written there: holes, what functions
/// put in, and everything where nothing is.
pub(super) fn name_at_end(text: &str) -> String {
    names_at_end(text).swap_remove(0)
}

/// The same, and, where it has a comma, the names that begin so, and what follows of a path with a comma in it. At least
/// one.
fn names_at_end(text: &str) -> Vec<String> {
    let head = (0..=text.len().min(MAX_ARN)).rev().find_map(|end| text.get(..end)).unwrap_or_default();
    let is_cut = head.len() < text.len();
    let mut names = Names::default();
    let mut open = 0_usize;
    let mut ends = false;
    let shown = unescaped(head);
    let mut rest = shown.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '$' if open == 0 => names.last.push('*'),
            '%' if open == 0 => {
                names.last.push('*');
                rest.next_if(|verb| *verb != '{');
            }
            '{' => {
                if open == 0 && !names.last.ends_with('*') {
                    names.last.push('*');
                }
                open += 1;
            }
            '}' => open = open.saturating_sub(1),
            _ if open > 0 => {}
            // Inside of a string of JSON quotes are escaped; other escapes stand for what is not worked out here.
            '\\' if rest.peek() != Some(&'"') => return vec!["*".to_owned()],
            ',' if rest.peek().is_some_and(|next| goes_on(*next)) => names.divide(),
            ':' | '"' | '\'' | ' ' | '\t' | '\r' | '\n' | ',' | ')' | ']' | '<' | '>' | ';' | '|' | '`' | '\\' => {
                ends = true;
                break;
            }
            '/' => names.step(),
            c => names.last.push(c),
        }
    }
    names.end(is_cut && !ends)
}

/// How long a policy's name can be, in characters.
const MAX_NAME: usize = 128;

/// Whether a name can go on with a character, or with what is put in there.
fn goes_on(next: char) -> bool {
    next.is_alphanumeric() || "+=,.@_-/$%{".contains(next)
}

/// What a path's last part may be, as it is read.
#[derive(Debug, Default)]
struct Names {
    found: Vec<String>,
    last: String,
    /// Whether that is after a comma, so that it is in what was found.
    is_rest: bool,
}

impl Names {
    /// At a comma: here a name ends, or it goes on.
    fn divide(&mut self) {
        let name = std::mem::take(&mut self.last);
        if !std::mem::replace(&mut self.is_rest, true) {
            let name = bounded(name);
            self.found.push(format!("{name},*"));
            self.found.push(if name.is_empty() { "*".to_owned() } else { name });
        }
    }

    fn step(&mut self) {
        self.last.clear();
        self.is_rest = false;
    }

    fn end(mut self, is_cut: bool) -> Vec<String> {
        if is_cut || self.last.is_empty() {
            self.found.push("*".to_owned());
        } else if !self.is_rest {
            self.found.push(bounded(self.last));
        }
        self.found
    }
}

/// What is longer is no name, or holds more than one; and what ends as a word does in front of the next is only the
/// beginning of one.
fn bounded(mut name: String) -> String {
    let cut = name.char_indices().nth(MAX_NAME).map(|(at, _)| at);
    if let Some(at) = cut {
        name.truncate(at);
    }
    if cut.is_some() || name.ends_with(['-', '_', '.']) {
        name.push('*');
    }
    name
}

/// A text with the escapes of strings of JSON and YAML undone that stand for characters of a name, or for nothing; inside
/// of a string inside of a string too.
fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at(at);
        shown.push_str(before);
        let after = escape.trim_start_matches('\\');
        let run = escape.len() - after.len();
        rest = match escaped(after) {
            Some((c, after)) => {
                shown.push(c);
                after
            }
            None if run == 1 && after.starts_with(['\n', '\r']) => after.trim_start(),
            None => {
                shown.push('\\');
                after
            }
        };
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// The character that an escape is for, what follows the backslashes given, and the text after it.
fn escaped(text: &str) -> Option<(char, &str)> {
    let digits = match text.as_bytes().first()? {
        b'/' => return Some(('/', text.get(1..)?)),
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => return None,
    };
    let code = u32::from_str_radix(text.get(1..=digits)?, 16).ok()?;
    let is_shown = |c: &char| c.is_ascii_graphic() || *c == ' ';
    Some((char::from_u32(code).filter(is_shown)?, text.get(digits + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        policy_arns(text).map(|arn| arn.name).collect()
    }

    #[test]
    fn a_name_with_a_comma_is_all_that_it_could_be() {
        let arn = |name: &str| format!("'arn:aws:iam::123456789012:policy/{name}'");
        let cases: [(&str, &[&str]); 8] = [
            ("deploy", &["deploy"]),
            ("team/deploy", &["deploy"]),
            ("deploy,", &["deploy"]),
            ("deploy, next", &["deploy"]),
            ("deploy,x", &["deploy,*", "deploy"]),
            ("deploy,x,y", &["deploy,*", "deploy"]),
            ("a,b/deploy", &["a,*", "a", "deploy"]),
            ("a,b/c,d", &["a,*", "a", "c,*", "c"]),
        ];
        for (name, expected) in cases {
            assert_eq!(names(&arn(name)), expected, "{name}");
        }
        let two = "arn:aws:iam::123456789012:policy/a,arn:aws:iam::123456789012:policy/b";
        assert_eq!(names(two), ["a,*", "a", "b"]);
    }

    #[test]
    fn an_arn_is_seen_through_the_escapes_of_strings() {
        let cases = [
            (r"123456789012:policy\/deploy", "deploy"),
            (r"123456789012:policy\/team\/deploy", "deploy"),
            (r"123456789012:policy\\\/deploy", "deploy"),
            (r"123456789012:policy\u002fdeploy", "deploy"),
            (r"123456789012:policy\x2Fde\x70loy", "deploy"),
            (r"123456789012:policy\U0000002Fdeploy", "deploy"),
            (r"123456789012\u003Apolicy/deploy", "deploy"),
            (r"123456789012\\u003apolicy/deploy", "deploy"),
            (r"123456789012\x3apolicy/deploy", "deploy"),
            ("123456789012:\\\n  policy/deploy", "deploy"),
            ("123456789012:policy/dep\\\r\n  loy", "deploy"),
            (r"123456789012:policy/dep\tloy", "*"),
            (r"123456789012:policy/dep\u0000loy", "*"),
            (r"123456789012:policy/dep\u00", "*"),
        ];
        for (text, expected) in cases {
            let text = format!(r#""arn:aws:iam::{text}""#);
            assert_eq!(names(&text), [expected], "{text}");
            assert!(may_speak_of_policies(&text), "{text}");
        }
        assert_eq!(names(r#""{\"arn\":\"arn:aws:iam::123456789012:policy/deploy\"}""#), ["deploy"]);
        assert_eq!(names("arn:aws:iam::aws\\u003apolicy/deploy"), [""; 0]);
    }

    #[test]
    fn what_is_longer_than_an_arn_may_be_any() {
        let long = format!("arn:aws:iam::123456789012:policy/{}é", "é".repeat(MAX_ARN));
        assert_eq!(names(&long), ["*"]);
        let long = format!("arn:aws:iam::123456789012:policy/{}", "a".repeat(MAX_NAME + 1));
        assert_eq!(names(&long), [format!("{}*", "a".repeat(MAX_NAME))]);
        assert_eq!(names(&"0:policy/a".repeat(3)), ["a0", "a0", "a"], "each ends where the next begins");
        assert_eq!(names("'0:policy:0', ':policy: x'"), [""; 0]);
    }

    #[test]
    fn the_account_is_whatever_stands_for_one_in_an_arn_of_iam() {
        let accounts = [
            "123456789012",
            "$ACCOUNT_ID",
            "${ACCOUNT_ID}",
            "${AWS::AccountId}",
            "ACCOUNT_ID",
            "account-id",
            "[[ account ]]",
            "$env:ACCOUNT",
            "",
        ];
        for account in accounts {
            for partition in ["aws", "aws-cn", "${AWS::Partition}", "*"] {
                let arn = format!("'arn:{partition}:iam::{account}:policy/deploy'");
                assert_eq!(names(&arn), ["deploy"], "{arn}");
            }
        }
        for arn in ["arn:aws:iam::aws", "arn:aws:iot:us-east-1:123456789012", "arn:${P}:iot:${R}:${A}"] {
            assert_eq!(names(&format!("'{arn}:policy/deploy'")), [""; 0], "{arn}");
        }
        assert_eq!(names("'arn:aws:iam::123456789012:policy/prod-'"), ["prod-*"]);
    }
}
