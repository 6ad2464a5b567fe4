//! A file's name and its first characters → the notation that it is written in, if it is one of ours.

use std::borrow::Cow;

use super::{Notation, json};

/// How the names of files end that call Terraform's modules in their own way: Terragrunt's and those of stacks.
const CALLERS: [&str; 9] = [
    "terragrunt.hcl",
    "terragrunt.hcl.json",
    "terragrunt.stack.hcl",
    ".tfcomponent.hcl",
    ".tfcomponent.json",
    ".tfdeploy.hcl",
    ".tfdeploy.json",
    ".tfstack.hcl",
    ".tfstack.json",
];

/// How the names of files in HCL end that have nothing to do with what modules are given.
const UNINVOLVED: [&str; 6] = [".lock.hcl", ".pkr.hcl", ".pkrvars.hcl", ".tflint.hcl", ".tfmock.hcl", ".tftest.hcl"];

/// The keys that the root of a template in YAML begins with.
const ROOT_KEYS: [&str; 6] =
    ["AWSTemplateFormatVersion:", "Transform:", "Description:", "Parameters:", "Metadata:", "Resources:"];

/// Endings of names that no policy is found under, in order.
#[rustfmt::skip]
const FOREIGN: [&str; 102] = [
    "7z", "avi", "bmp", "bz2", "c", "cc", "cjs", "class", "cpp", "cs", "css", "csv", "dart", "dll", "doc", "docx",
    "ear", "eot", "erl", "ex", "exe", "exs", "flac", "gif", "go", "gz", "h", "hpp", "hs", "htm", "html", "ico", "jar",
    "java", "jpeg", "jpg", "js", "jsx", "kt", "kts", "less", "lock", "lua", "map", "md", "mdx", "mjs", "mod", "mov",
    "mp3", "mp4", "o", "ogg", "otf", "pdf", "php", "pl", "png", "ppt", "pptx", "proto", "ps1", "psd", "py", "pyc",
    "pyi", "rb", "rs", "rst", "sass", "scala", "scss", "sh", "so", "sql", "sum", "svelte", "svg", "swift", "tar", "tgz",
    "tif", "tiff", "toml", "ts", "tsx", "ttf", "vue", "war", "wasm", "wav", "webm", "webp", "woff", "woff2", "xls",
    "xlsx", "xml", "xz", "zip", "zsh", "zst",
];

/// The notation that a file is written in: by its name, and for a name that says nothing by its first characters.
#[must_use]
pub fn notation(path: &str, text: &str) -> Option<Notation> {
    let extension = extension(path);
    match by_extension(extension.as_deref()) {
        Some(notation) => Some(notation),
        None if json::looks_like_json(text) => Some(Notation::Json),
        None if extension.as_deref() == Some("template") => Some(Notation::Yaml),
        None => is_template_text(text).then_some(Notation::Yaml),
    }
}

/// Whether a file calls Terraform's modules in its own way.
#[must_use]
pub fn calls_modules(path: &str) -> bool {
    CALLERS.iter().any(|ending| path.ends_with(ending))
}

/// Whether a file may hand values to Terraform's modules in its own way: it calls them, or may be a part of what does,
/// which Terragrunt lets have any name, such as `root.hcl`.
#[must_use]
pub fn may_hand_over(path: &str) -> bool {
    let hcl = path.strip_suffix(".json").unwrap_or(path);
    calls_modules(path) || (hcl.ends_with(".hcl") && !UNINVOLVED.iter().any(|ending| hcl.ends_with(ending)))
}

/// What the name of a file alone says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// It is written in one of our notations.
    Ours,
    /// It is source code, prose, an image, an archive: nothing that a policy is deployed from.
    Foreign,
    /// Nothing: its first characters tell.
    Unsaid,
}

impl Named {
    /// What the name at the end of a path says.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let extension = extension(path);
        match extension.as_deref() {
            Some("template") => Self::Ours,
            extension if by_extension(extension).is_some() => Self::Ours,
            Some(extension) if FOREIGN.binary_search(&extension).is_ok() => Self::Foreign,
            _ => Self::Unsaid,
        }
    }
}

/// Whether [`notation`] may find one in a text that begins so and goes on, where the name says nothing.
#[must_use]
pub fn may_begin(head: &str) -> bool {
    let shown = head.trim_start_matches('\u{feff}').trim_start();
    let can_begin = |first: char| "{[#-".contains(first) || ROOT_KEYS.iter().any(|key| key.starts_with(first));
    if shown.chars().next().is_some_and(|first| !can_begin(first)) {
        return false;
    }
    let shown = shown.trim_end();
    match content_lines(head).next() {
        _ if json::looks_like_json(head) || shown == "{" || shown == "[" => true,
        // All comments so far.
        None => true,
        Some(first) => {
            let is_cut = head.ends_with(first);
            ROOT_KEYS.iter().any(|key| first.starts_with(key) || (is_cut && key.starts_with(first)))
        }
    }
}

/// In lower case.
fn extension(path: &str) -> Option<Cow<'_, str>> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.')?;
    let is_lower = !extension.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if is_lower { Cow::Borrowed(extension) } else { Cow::Owned(extension.to_ascii_lowercase()) })
}

fn by_extension(extension: Option<&str>) -> Option<Notation> {
    match extension? {
        "json" => Some(Notation::Json),
        "yaml" | "yml" => Some(Notation::Yaml),
        "tf" | "tofu" | "tfvars" => Some(Notation::Hcl),
        _ => None,
    }
}

/// Whether a text begins as a template in YAML does: with one of the keys of its root.
fn is_template_text(text: &str) -> bool {
    let first = content_lines(text).next().unwrap_or_default();
    ROOT_KEYS.iter().any(|key| first.starts_with(key)) && text.contains("\nResources:")
}

fn content_lines(text: &str) -> impl Iterator<Item = &str> {
    let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '-']);
    text.trim_start_matches('\u{feff}').lines().filter(is_content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_never_rules_out_what_the_whole_text_is() {
        let texts = [
            "{\n\n  \"Statement\": []}",
            "[\n{}]",
            "\u{feff}{ \"a\": 1 }",
            "# Comment\n# again\n\n---\nDescription: x\nResources:\n  A: 1\n",
            "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n",
            "\n\n  \n{\"a\": 1}",
        ];
        for text in texts {
            assert!(notation("stack", text).is_some(), "{text}");
            for (head, _) in (0..=text.len()).filter_map(|end| text.split_at_checked(end)) {
                assert!(may_begin(head), "{head:?}");
            }
        }
    }

    #[test]
    fn a_name_says_whether_values_may_be_handed_over() {
        let cases = [
            ("live/terragrunt.hcl", true, true),
            ("live/terragrunt.hcl.json", true, true),
            ("live/roles.tfdeploy.hcl", true, true),
            ("live/roles.tfdeploy.json", true, true),
            ("root.hcl.json", false, true),
            ("root.hcl", false, true),
            ("_envcommon/role.hcl", false, true),
            (".terraform.lock.hcl", false, false),
            (".tflint.hcl", false, false),
            ("image.pkr.hcl.json", false, false),
            ("roles.tftest.hcl", false, false),
            ("main.tf", false, false),
            ("terragrunt.json", false, false),
        ];
        for (path, calls, hands_over) in cases {
            assert_eq!((calls_modules(path), may_hand_over(path)), (calls, hands_over), "{path}");
        }
    }

    #[test]
    fn a_name_says_whether_a_file_is_worth_opening() {
        assert!(FOREIGN.is_sorted());
        let cases = [
            ("a/b.YML", Named::Ours),
            ("x.template", Named::Ours),
            ("main.tf", Named::Ours),
            ("policy.json", Named::Ours),
            ("main.go", Named::Foreign),
            ("a.json/README.MD", Named::Foreign),
            ("policy.json.gz", Named::Foreign),
            ("policy.txt", Named::Unsaid),
            ("policy.json.j2", Named::Unsaid),
            ("a.json/b", Named::Unsaid),
            ("json", Named::Unsaid),
            ("go", Named::Unsaid),
        ];
        for (path, expected) in cases {
            assert_eq!(Named::of(path), expected, "{path}");
        }
        let ours = ["json", "tf", "tofu", "tfvars", "yaml", "yml", "template", "txt", "tpl", "tmpl", "cfn", "policy"];
        assert!(!ours.iter().any(|ending| FOREIGN.contains(ending)));
    }

    #[test]
    fn most_files_are_ruled_out_by_how_they_begin() {
        let texts = [
            "package main\n",
            "#!/bin/sh\nset -e\n",
            "# Title\n\nText\n",
            "{% if x %}",
            "export const x = {}",
            "Des cartes",
        ];
        for text in texts {
            assert!(!may_begin(text), "{text}");
            assert_eq!(notation("file", text), None, "{text}");
        }
    }
}
