//! AWS's recommended policy beside our refinement of the same policy: which of them allows what the other does not.
//!
//! Statements are held against each other by everything but their actions. Does not know files.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::catalog::Catalog;
use crate::check::check;
use crate::finding::Evidence;
use crate::fix;
use crate::policy::action::ActionPattern;
use crate::refine::safety::Applicability;
use crate::settings::{Scope, Settings};
use crate::source::{SourceFile, Sources};

/// Which of the two policies is narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They allow the same.
    Equal,
    /// AWS's allows something that ours does not.
    OursTighter,
    /// Ours allows something that AWS's does not.
    OursWider,
    /// Each allows something that the other does not.
    Different,
}

/// How the two differ, as catalogued actions and single names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What AWS's policy does not allow, sorted.
    pub only_ours: Vec<String>,
    /// What ours does not allow, sorted.
    pub only_theirs: Vec<String>,
}

impl Verdict {
    /// The words in reports.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::OursTighter => "ours tighter",
            Self::OursWider => "ours wider",
            Self::Different => "different",
        }
    }
}

impl Comparison {
    /// Which is narrower.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.only_ours.is_empty(), self.only_theirs.is_empty()) {
            (true, true) => Verdict::Equal,
            (true, false) => Verdict::OursTighter,
            (false, true) => Verdict::OursWider,
            (false, false) => Verdict::Different,
        }
    }
}

/// What a policy document allows: a statement's other members, and an action.
type Grants = BTreeSet<(String, String)>;

/// Sets the policy `theirs`, none if AWS says to detach it, beside our refinement of the policy `document`.
///
/// # Errors
/// If one of the documents is none, or ours cannot be refined, in words.
pub fn compare(
    document: &str,
    theirs: Option<&str>,
    (resource, evidence): (&str, &Arc<Evidence>),
    settings: &Settings,
    catalog: &Catalog,
) -> Result<Comparison, String> {
    let ours = refined(document, (resource, evidence), settings, catalog)?;
    let none = || Ok(Grants::new());
    let ours = ours.as_deref().map_or_else(none, |text| grants(text, catalog))?;
    let theirs = theirs.map_or_else(none, |text| grants(text, catalog))?;
    let only = |a: &Grants, b: &Grants| -> Vec<String> {
        let actions: BTreeSet<&String> = a.difference(b).map(|(_, action)| action).collect();
        actions.into_iter().cloned().collect()
    };
    Ok(Comparison { only_ours: only(&ours, &theirs), only_theirs: only(&theirs, &ours) })
}

/// Whether a recommended policy can be one of this document: all that it allows, the document allows.
#[must_use]
pub fn may_stem_from(recommended: &str, document: &str, catalog: &Catalog) -> bool {
    match (grants(recommended, catalog), grants(document, catalog)) {
        (Ok(part), Ok(whole)) => !part.is_empty() && part.is_subset(&whole),
        _ => false,
    }
}

/// The document with everything unused taken out; `None` if nothing of it is left.
fn refined(
    document: &str,
    (resource, evidence): (&str, &Arc<Evidence>),
    settings: &Settings,
    catalog: &Catalog,
) -> Result<Option<String>, String> {
    let mut source = SourceFile::new("policy.json", document);
    source.named = true;
    let is_known = evidence.identities.iter().any(|identity| identity.arn.as_str().eq_ignore_ascii_case(resource));
    let mut settings = settings.clone();
    settings.identities = if is_known || evidence.anonymous.is_none() { vec![resource.to_owned()] } else { Vec::new() };
    let (sources, scopes) = (Sources::new(vec![source]), [Scope { settings, evidence: Arc::clone(evidence) }]);
    let checked = check(&sources, &scopes, catalog);
    let (Some(file), Some(source)) = (checked.files.first(), sources.files().first()) else {
        return Err("it is no policy document".to_owned());
    };
    let Some(judgement) = file.judgements.first() else { return Err("it is no identity policy".to_owned()) };
    if judgement.all_gone {
        return Ok(None);
    }
    let rewritten = fix::rewritten(&file.judged(source), &file.fixes, Applicability::DisplayOnly);
    let rewritten = rewritten.map_err(|refusal| refusal.to_string())?;
    Ok(Some(rewritten.map_or_else(|| document.to_owned(), |rewritten| rewritten.text)))
}

fn grants(document: &str, catalog: &Catalog) -> Result<Grants, String> {
    let root: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let statements = match root.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => return Err("it has no `Statement`".to_owned()),
    };
    let mut grants = Grants::new();
    for statement in statements {
        let Some(members) = statement.as_object() else { return Err("a statement is no object".to_owned()) };
        if members.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let others = members.iter().filter(|(key, _)| !matches!(key.as_str(), "Action" | "Sid"));
        let key = Value::Object(others.map(|(key, value)| (key.clone(), value.clone())).collect()).to_string();
        let patterns = match members.get("Action") {
            Some(Value::Array(patterns)) => patterns.iter().collect(),
            Some(pattern) => vec![pattern],
            None => Vec::new(),
        };
        for pattern in patterns.into_iter().filter_map(Value::as_str) {
            grants.extend(expanded(pattern, catalog).into_iter().map(|action| (key.clone(), action)));
        }
    }
    Ok(grants)
}

/// The catalogued actions that a pattern matches; a single name is one wherever it stands.
fn expanded(pattern: &str, catalog: &Catalog) -> Vec<String> {
    let pattern = ActionPattern::new(pattern);
    let Some((prefix, name)) = pattern.named() else { return vec![pattern.as_str().to_owned()] };
    let service = catalog.service(prefix);
    let actions = service.iter().flat_map(|service| service.actions()).filter(|action| name.matches(action.name));
    let found: Vec<String> = actions.map(|action| format!("{prefix}:{}", action.name)).collect();
    if found.is_empty() { vec![format!("{prefix}:{}", name.as_str().to_ascii_lowercase())] } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(actions: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
    }

    #[test]
    fn what_each_allows_alone_decides_the_verdict() {
        let catalog = Catalog::embedded();
        let mut builder = crate::finding::EvidenceBuilder::new(crate::finding::Selection::default());
        let unused =
            br#"[{"serviceNamespace":"sqs","actions":["CreateQueue","DeleteQueue"]},{"serviceNamespace":"sns"}]"#;
        builder.read("f.json", &unused[..], &crate::finding::ReadOptions::default()).unwrap();
        let evidence = Arc::new(builder.finish());
        let settings = Settings::new(crate::config::Config::default(), jiff::civil::date(2026, 10, 1));
        let ours = r#"["sqs:CreateQueue","sqs:DeleteQueue","sqs:GetQueueUrl"]"#;
        let cases = [
            (ours, Some(r#""sqs:GetQueueUrl""#), Verdict::Equal, "", ""),
            (ours, Some(r#"["SQS:getqueueurl"]"#), Verdict::Equal, "", ""),
            (ours, Some(r#"["sqs:CreateQueue","sqs:GetQueueUrl"]"#), Verdict::OursTighter, "", "sqs:CreateQueue"),
            (ours, None, Verdict::OursWider, "sqs:GetQueueUrl", ""),
            (ours, Some(r#""sqs:CreateQueue""#), Verdict::Different, "sqs:GetQueueUrl", "sqs:CreateQueue"),
            (r#""sns:*""#, None, Verdict::Equal, "", ""),
        ];
        for (policy, theirs, verdict, only_ours, only_theirs) in cases {
            let (policy, theirs) = (document(policy), theirs.map(document));
            let role = "arn:aws:iam::123456789012:role/app";
            let found = compare(&policy, theirs.as_deref(), (role, &evidence), &settings, &catalog).unwrap();
            assert_eq!(found.verdict(), verdict, "{policy} {theirs:?}");
            assert_eq!(
                (found.only_ours.join(" "), found.only_theirs.join(" ")),
                (only_ours.into(), only_theirs.into())
            );
        }
    }
}
