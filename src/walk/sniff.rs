//! Whether bytes are worth parsing: a look at them that costs next to nothing.

use memchr::memmem;

/// A file that hands values to modules in its own way: of their variables nothing is known then.
const TERRAGRUNT: &str = "terragrunt.hcl";

/// Whether a file is part of a Terraform module, by its name: it may say whose a policy in another file is.
#[must_use]
pub fn is_of_module(name: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json", TERRAGRUNT]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether a file might hold an IAM policy: the words that every policy needs are in it, in whatever notation.
///
/// The words hold for a policy inside a JSON string too, since none of their letters is ever escaped but by choice, as
/// `\u0041ction`. That choice is why a file with `\u00` in it passes as well.
#[must_use]
pub fn may_hold_policy(bytes: &[u8]) -> bool {
    let has = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    // `NotAction` has `Action` in it, and the Serverless Framework spells `statements`.
    (has("tatement") && has("Action") && has("Effect")) || has(r"\u00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_sniffed_in_every_notation() {
        let cases = [
            (r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#, true),
            (r#"{"Statement":{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}}"#, true),
            ("Statement:\n  - Effect: Allow\n    Action: s3:GetObject\n", true),
            (r#""{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\"}}""#, true),
            (r#"{"\u0053tatement":1}"#, true),
            ("{}", false),
            ("", false),
            ("Actions and Effects of the last Statement", true),
            ("Effect and cause", false),
        ];
        for (text, expected) in cases {
            assert_eq!(may_hold_policy(text.as_bytes()), expected, "{text}");
        }
    }
}
