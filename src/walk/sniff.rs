//! Whether bytes are worth parsing: a look at them that costs next to nothing.

use memchr::memmem;

use crate::syntax::detect::may_hand_over;

/// Whether a file is part of a Terraform module or calls one, by its name: it may say whose a policy in another file is.
#[must_use]
pub fn is_of_module(name: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json"].iter().any(|ending| name.ends_with(ending))
        || may_hand_over(name)
}

/// Whether a file might hold an IAM policy, or say who has one: the words that every policy needs are in it, or an ARN or
/// a reference by name of one that is not AWS's, in whatever notation.
///
/// The words hold for a policy inside a JSON string too, since none of their letters is ever escaped but by choice, as
/// `\u0041ction`. That choice is why a file with `\u00` in it passes as well.
#[must_use]
pub fn may_hold_policy(bytes: &[u8]) -> bool {
    let has = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    // `NotAction` has `Action` in it, and the Serverless Framework spells `statements`.
    let may_hold = (has("tatement") && has("Action") && has("Effect")) || has(r"\u00") || speaks_of_policy(bytes);
    // Whom a template puts into a group has the group's policies.
    may_hold || (has("AWS::IAM::User") && (has("ToGroupAddition") || has("Groups")))
}

/// What stands before and after `olic` where a text names a managed policy by something else than its ARN.
const BY_NAME: [(&str, &str); 7] = [
    ("P", "ies"),
    ("P", "yArn"),
    ("CustomerManagedP", "yReference"),
    ("managed_p", "y"),
    ("managed_p", "ies"),
    ("p", "yArnRef"),
    ("p", "yRefs"),
];

/// One look for what `policy` and `policies` have in common, since in most files nothing has.
fn speaks_of_policy(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"olic").any(|at| {
        let (before, after) = (bytes.get(..at).unwrap_or_default(), bytes.get(at + 4..).unwrap_or_default());
        ends_arn(before, after)
            || BY_NAME
                .iter()
                .any(|(start, end)| before.ends_with(start.as_bytes()) && after.starts_with(end.as_bytes()))
    })
}

/// Whether `policy` begins the last part of the ARN of one that is not AWS's; its colon and its slash may be escaped.
fn ends_arn(before: &[u8], after: &[u8]) -> bool {
    let (Some(before), Some(after)) = (before.strip_suffix(b"p"), after.strip_prefix(b"y")) else { return false };
    let begins = before.last().is_none_or(|byte| b":\"' [,\n\taA".contains(byte));
    let escaped = after.iter().find(|byte| **byte != b'\\');
    let goes_on = match after.first() {
        Some(b'/') => true,
        Some(b'\\') => escaped.is_some_and(|byte| b"/xuU\r\n".contains(byte)),
        // The name may stand in another string.
        Some(b'"' | b'\'' | b',' | b']' | b' ' | b'\n') => before.ends_with(b":"),
        _ => false,
    };
    begins && goes_on && !before.ends_with(b"::aws:")
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
            ("ManagedPolicyArns: [arn:aws:iam::123456789012:policy/deploy]", true),
            ("!Join [':', ['arn:aws:iam:', !Ref AWS::AccountId, policy/deploy]]", true),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", false),
            ("ManagedPolicyArns: [!Sub '${Base}/deploy']", true),
            ("Parameters: {PolicyArn: !Sub '${Base}/deploy'}", true),
            ("ManagedPolicyArns: [arn:aws:iam::aws:policy/A, arn:aws:iam::123456789012:policy/b]", true),
            ("CustomerManagedPolicyReferences: [{Name: deploy}]", true),
            ("docs/policy/deploy", false),
            (r#"{"arn":"arn:aws:iam::123456789012:policy\/deploy"}"#, true),
            (r#"{\"arn\":\"arn:aws:iam::123456789012:policy\\\/deploy\"}"#, true),
            (r#"arn: "arn:aws:iam::123456789012\x3Apolicy\x2fdeploy""#, true),
            ("arn: \"arn:aws:iam::123456789012:policy\\\n  /deploy\"", true),
            (r#"{\"policy\":\"deploy\"}"#, false),
            ("- iam_role: name=app managed_policy=deploy", true),
            ("managed_policies: [deploy]", true),
            ("policyArnRef: {name: deploy}", true),
            ("policies: [deploy]", false),
            ("Policies: [!Sub '${Base}/deploy']", true),
            ("managedPolicies: ['${self:custom.base}/deploy']", true),
            ("Type: AWS::IAM::UserToGroupAddition", true),
            ("Type: AWS::IAM::User\nProperties: {Groups: [ops]}", true),
            ("Type: AWS::IAM::User\nProperties: {UserName: ann}", false),
        ];
        for (text, expected) in cases {
            assert_eq!(may_hold_policy(text.as_bytes()), expected, "{text}");
        }
    }
}
