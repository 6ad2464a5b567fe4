//! What a text of HCL mentions: every name that could stand for a policy, wherever it stands.
//!
//! A look at the characters, so that nothing hides inside of a function or a loop; what is mentioned in a comment inside
//! of a value counts too.

use super::paths::names_put_together;
use crate::template::policy_arn::policy_arns;

/// Something that a text mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mention<'t> {
    /// `local.x`, `var.x`, `module.m.out`, `data.type.name`, `type.name`.
    Name(String),
    /// All outputs of a module: `module.m`.
    Module(&'t str),
    /// The path given to `file`, `filebase64` or `templatefile`, as written up to the first quote in it; a hole if it is no string.
    File(&'t str),
    /// The name at the end of the ARN of a policy that is not AWS's, with `*` for what deployment puts in.
    PolicyArn(String),
}

/// All that a text mentions, with the offset of each.
pub(super) fn mentions(text: &str) -> Vec<(usize, Mention<'_>)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_start = is_word(byte) && at.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(|b| !continues(*b));
        if !is_start {
            at += 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let word = word(rest);
        let mention = mention(word, rest).filter(|_| !is_only_looked_at(text.get(..at).unwrap_or_default(), rest));
        found.extend(mention.map(|mention| (at, mention)));
        at += word.len().max(1);
    }
    found.extend(policy_arns(text).map(|arn| (arn.offset, Mention::PolicyArn(arn.name))));
    found.extend(names_at_ends(text).map(|(offset, name)| (offset, Mention::PolicyArn(name.to_owned()))));
    found
}

/// The names at the ends of paths whose beginnings are somewhere else, with the offset of each.
pub(super) fn names_at_ends(text: &str) -> impl Iterator<Item = (usize, &str)> {
    names_after_holes(text).chain(names_put_together(text))
}

/// The names at the ends of strings that begin with a hole, as `"${local.base}/deploy"`: what is put in may be an ARN's
/// beginning.
fn names_after_holes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    memchr::memmem::find_iter(text.as_bytes(), "}/").filter_map(|at| {
        let path = text.get(at + 2..)?;
        let path = path.get(..path.bytes().position(|byte| !is_of_path(byte))?)?;
        let is_end = text.get(at + 2 + path.len()..)?.starts_with('"');
        let name = path.rsplit('/').next().filter(|name| !name.is_empty() && is_end)?;
        Some((at, name))
    })
}

pub(super) fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte)
}

/// Whether a value is compared or counted, so that nothing of it goes anywhere.
fn is_only_looked_at(before: &str, text: &str) -> bool {
    let mut rest = text;
    loop {
        let end = rest.bytes().position(|byte| !continues(byte) && byte != b'*').unwrap_or(rest.len());
        let after = rest.get(end..).unwrap_or_default();
        rest = without_index(after);
        if rest.len() == after.len() {
            break;
        }
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let is_counted = before.strip_suffix('(').is_some_and(|before| before.ends_with("length"));
    let is_counted = is_counted && rest.strip_prefix(')').is_some_and(is_compared_to_nothing);
    is_counted || rest.starts_with("==") || rest.starts_with("!=")
}

/// Whether a count is asked only whether there is anything: no edit leaves nothing.
fn is_compared_to_nothing(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    let bound = ["==", "!=", ">"].iter().find_map(|sign| rest.strip_prefix(sign));
    let after = bound.and_then(|bound| bound.trim_start_matches([' ', '\t']).strip_prefix('0'));
    after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.'))
}

fn mention<'t>(word: &'t str, rest: &'t str) -> Option<Mention<'t>> {
    let after = rest.get(word.len()..)?;
    match word {
        "file" | "templatefile" | "filebase64" => {
            let argument = after.trim_start().strip_prefix('(')?.trim_start();
            // Inside of a string of JSON quotes are escaped.
            let literal = argument.strip_prefix('"').or_else(|| argument.strip_prefix(r#"\""#));
            // An expression is a hole as a whole.
            return literal.map_or(Some("${"), |literal| literal.split(['"', '\\']).next()).map(Mention::File);
        }
        "module" => {
            let (name, after) = step(after)?;
            return Some(match step(without_index(after)) {
                Some((output, _)) => Mention::Name(format!("module.{name}.{output}")),
                None => Mention::Module(name),
            });
        }
        "data" => {
            let (kind, after) = step(after)?;
            let (name, _) = step(after)?;
            return Some(Mention::Name(format!("data.{kind}.{name}")));
        }
        _ => {}
    }
    let is_followed = matches!(word, "local" | "var")
        || word.starts_with("aws_iam_")
        || word.starts_with("awscc_iam_")
        || word.starts_with("aws_ssoadmin_");
    let (name, after) = step(after).filter(|_| is_followed)?;
    // Of these, only what they say is a policy.
    let is_inline = matches!(word, "aws_iam_role_policy" | "aws_iam_user_policy" | "aws_iam_group_policy");
    if is_inline && step(without_index(after)).is_none_or(|(attribute, _)| attribute != "policy") {
        return None;
    }
    Some(Mention::Name(format!("{word}.{name}")))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn continues(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'-')
}

fn word(text: &str) -> &str {
    let end = text.bytes().position(|byte| !is_word(byte) && byte != b'-').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The attribute that a text goes on with, and what follows.
fn step(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('.')?.trim_start();
    let name = word(text);
    Some((name, text.get(name.len()..)?)).filter(|(name, _)| !name.is_empty())
}

/// How long an index is that is looked past.
const MAX_INDEX: usize = 2_048;

/// What follows an index in brackets, or all if there is none.
fn without_index(text: &str) -> &str {
    let Some(inside) = text.strip_prefix('[') else { return text };
    let mut depth = 1_usize;
    let end = inside.bytes().take(MAX_INDEX).position(|byte| {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.and_then(|end| inside.get(end + 1..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_compared_or_counted_is_not_mentioned() {
        let cases = [
            ("var.a != null ? var.a : []", 1),
            ("length(var.a) > 0 ? var.a[0] : null", 1),
            ("var.a[\"x\"][0].b[*].c == 1", 0),
            ("try(local.a) == null", 1),
            ("length(concat(var.a, var.b))", 2),
            ("var.a[\"unfinished", 1),
            ("{ a = var.a\n b == 1 }", 1),
            ("data.aws_iam_policy_document.d[0].json != \"\"", 0),
            ("\"${module.m.json}\" == x", 1),
            ("\"${local.base}/team/deploy\"", 2),
            ("\"${local.base}/team/*\"", 1),
            ("join(\"/\", [local.base, \"deploy\"])", 2),
            ("\"${local.base}/team/${each.key}\"", 1),
        ];
        for (text, expected) in cases {
            assert_eq!(mentions(text).len(), expected, "{text}");
        }
    }
}
