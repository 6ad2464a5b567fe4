//! What AWS recommends instead of the policies of an identity: `get-finding-recommendation`, and the same of Security
//! Hub, `GetRecommendedPolicyV2`.
//!
//! It is no evidence of what is unused: our own refinement is held against it.

use serde::Deserialize;

use super::reading::{Reading, normalized};
use super::stream::Item;
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// What AWS recommends for one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// The role or user.
    pub resource: IdentityArn,
    /// One per policy, in the order given.
    pub policies: Vec<RecommendedPolicy>,
    /// Why there is none.
    pub failure: Option<String>,
    /// The export it was read from, as the user would write it.
    pub path: String,
}

/// What to do about one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecommendedPolicy {
    /// The ARN of a managed policy, the name of an inline one.
    pub existing: String,
    /// The policy as it is, where that is said.
    pub document: Option<String>,
    /// What to attach instead; `None` to detach it without one.
    pub replacement: Option<String>,
}

impl RecommendedPolicy {
    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.existing.rsplit('/').next().unwrap_or(&self.existing)
    }
}

const COMMAND_HELP: &str = "generate it with `aws accessanalyzer generate-finding-recommendation --analyzer-arn \"$ANALYZER\" --id ID`, then get it with `aws accessanalyzer get-finding-recommendation --analyzer-arn \"$ANALYZER\" --id ID`";

#[derive(Deserialize)]
struct Response {
    resourcearn: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    error: Option<Failure>,
    #[serde(default, alias = "recommendationsteps")]
    recommendedsteps: Option<Vec<Wrapper>>,
    #[serde(default)]
    nexttoken: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Wrapper {
    #[serde(default, alias = "unusedpermissions", alias = "value")]
    unusedpermissionsrecommendedstep: Option<Step>,
}

#[derive(Deserialize)]
struct Step {
    recommendedaction: String,
    #[serde(default)]
    existingpolicyid: Option<String>,
    #[serde(default)]
    existingpolicy: Option<String>,
    #[serde(default)]
    recommendedpolicy: Option<String>,
}

impl Reading<'_> {
    pub(super) fn take_recommendation(&mut self, item: &Item<'_>) -> Result<(), Error> {
        let path = self.read.export.path.clone();
        let wrong = |message: String| Error::new(message).at(&path, item.line, item.column).help(COMMAND_HELP);
        let response: Response = normalized(item.bytes).map_err(wrong)?;
        let Some(resource) = IdentityArn::parse(&response.resourcearn) else {
            return Err(wrong("the recommendation is for no role or user".to_owned()));
        };
        if response.nexttoken.is_some_and(|token| !token.is_empty()) {
            self.warn("a recommendation goes on in a page that the export may lack");
        }
        let failure = match (response.status.as_deref(), response.error) {
            (Some("SUCCEEDED") | None, None) => None,
            (status, error) => {
                let said = error.and_then(|error| error.message.or(error.code));
                Some(said.unwrap_or_else(|| status.unwrap_or("FAILED").to_owned()))
            }
        };
        let steps = response.recommendedsteps.into_iter().flatten();
        let policies = paired(steps.filter_map(|step| step.unusedpermissionsrecommendedstep));
        self.note_usable();
        if self.selection.keeps(&resource) {
            self.read.recommendations.push(Recommendation { resource, policies, failure, path });
        }
        Ok(())
    }
}

/// A replacement is a pair of steps about one policy: create, and detach; a detach alone has none.
fn paired(steps: impl Iterator<Item = Step>) -> Vec<RecommendedPolicy> {
    let mut policies: Vec<RecommendedPolicy> = Vec::new();
    for step in steps {
        let existing = step.existingpolicyid.unwrap_or_default();
        let is_creation = step.recommendedaction.replace('_', "").eq_ignore_ascii_case("createpolicy");
        let replacement = step.recommendedpolicy.filter(|_| is_creation);
        match policies.iter_mut().find(|known| known.existing == existing) {
            Some(known) => {
                known.replacement = known.replacement.take().or(replacement);
                known.document = known.document.take().or(step.existingpolicy);
            }
            None => policies.push(RecommendedPolicy { existing, document: step.existingpolicy, replacement }),
        }
    }
    policies
}
