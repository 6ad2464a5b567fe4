//! A file's name and its first characters → the notation that it is written in, if it is one of ours.

use super::{Notation, json};

/// The keys that the root of a template in YAML begins with.
const ROOT_KEYS: [&str; 6] =
    ["AWSTemplateFormatVersion:", "Transform:", "Description:", "Parameters:", "Metadata:", "Resources:"];

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

/// Whether the name alone says that [`notation`] will find one.
#[must_use]
pub fn is_named(path: &str) -> bool {
    let extension = extension(path);
    by_extension(extension.as_deref()).is_some() || extension.as_deref() == Some("template")
}

/// Whether [`notation`] may find one in a text that begins so and goes on, where the name says nothing.
#[must_use]
pub fn may_begin(head: &str) -> bool {
    let shown = head.trim_start_matches('\u{feff}').trim();
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

fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
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
        assert!(is_named("a/b.YML") && is_named("x.template") && is_named("main.tf"));
        assert!(!is_named("a.json/b") && !is_named("json"));
    }
}
