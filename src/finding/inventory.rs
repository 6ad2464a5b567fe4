//! `get-account-authorization-details`: who is there, and which policies are attached to whom.
//!
//! It says nothing of what is unused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::names::{Names, Naming};
use super::reading::Reading;
use super::stream::Item;
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// The identities and managed policies of the accounts whose details were exported.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Roles, users and groups.
    pub identities: BTreeMap<IdentityArn, Attachments>,
    /// Managed policies by ARN.
    pub managed: BTreeMap<String, ManagedPolicy>,
    /// The identities in order, and their names.
    arns: Vec<IdentityArn>,
    names: Names,
    accounts: BTreeSet<String>,
    /// Indexes of the users in a group, by account and name in lower case.
    members: BTreeMap<(String, String), Vec<usize>>,
    /// Indexes of whom a managed policy is attached to, by its name in lower case.
    attached: BTreeMap<String, Vec<usize>>,
}

/// The policies of one identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachments {
    /// The names of its inline policies, and how many characters each takes, white space not counted.
    pub inline: Vec<(String, usize)>,
    /// The ARNs of the managed policies attached to it.
    pub managed: Vec<String>,
    /// The names of a user's groups.
    pub groups: Vec<String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
}

/// A managed policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// To how many identities it is attached.
    pub attached: u64,
    /// For how many it is the permissions boundary.
    pub boundaries: u64,
    /// How many characters its default version takes, white space not counted.
    pub size: Option<usize>,
}

impl Inventory {
    /// The identities that may be meant, by ARN; `None` if nobody can tell, since too little is known of the name.
    #[must_use]
    pub fn meant(&self, naming: Naming<'_>) -> Option<Vec<&IdentityArn>> {
        let indexes = self.names.meant(naming)?;
        Some(indexes.iter().filter_map(|&index| self.arns.get(index as usize)).collect())
    }

    /// Whether the details of this account are known.
    #[must_use]
    pub fn covers(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    /// The users in a group, by ARN.
    #[must_use]
    pub fn members(&self, group: &IdentityArn) -> Vec<&IdentityArn> {
        let key = (group.account().to_owned(), group.name().to_ascii_lowercase());
        self.at(self.members.get(&key))
    }

    /// Whom the customer's managed policies of this name are attached to, by ARN; `None` if no account has one.
    #[must_use]
    pub fn attached_to(&self, policy: &str) -> Option<Vec<&IdentityArn>> {
        self.attached.get(&policy.to_ascii_lowercase()).map(|indexes| self.at(Some(indexes)))
    }

    fn at(&self, indexes: Option<&Vec<usize>>) -> Vec<&IdentityArn> {
        indexes.into_iter().flatten().filter_map(|&index| self.arns.get(index)).collect()
    }

    /// The same, ready to be asked.
    pub(super) fn indexed(mut self) -> Self {
        self.arns = self.identities.keys().cloned().collect();
        self.names = Names::new(self.arns.iter());
        self.accounts = self.arns.iter().map(|arn| arn.account().to_owned()).collect();
        for arn in self.managed.keys().filter(|arn| is_the_customers(arn)) {
            self.attached.entry(name_of(arn)).or_default();
        }
        for (index, (arn, attachments)) in self.identities.iter().enumerate() {
            for group in &attachments.groups {
                let key = (arn.account().to_owned(), group.to_ascii_lowercase());
                self.members.entry(key).or_default().push(index);
            }
            for policy in attachments.managed.iter().filter(|policy| is_the_customers(policy)) {
                self.attached.entry(name_of(policy)).or_default().push(index);
            }
        }
        self
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty() && self.managed.is_empty()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.identities.extend(other.identities);
        self.managed.extend(other.managed);
    }
}

/// Whether a managed policy is not one of AWS's own, which have no account in their ARN.
fn is_the_customers(policy: &str) -> bool {
    policy.split(':').nth(4).is_some_and(|account| account != "aws" && !account.is_empty())
}

/// The name of a managed policy, in lower case.
fn name_of(policy: &str) -> String {
    policy.rsplit('/').next().unwrap_or(policy).to_ascii_lowercase()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    #[serde(default)]
    user_detail_list: Option<Vec<Identity>>,
    #[serde(default)]
    group_detail_list: Option<Vec<Identity>>,
    #[serde(default)]
    role_detail_list: Option<Vec<Identity>>,
    #[serde(default)]
    policies: Option<Vec<Policy>>,
    #[serde(default)]
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    arn: String,
    #[serde(default, alias = "UserPolicyList", alias = "GroupPolicyList")]
    role_policy_list: Option<Vec<Inline>>,
    #[serde(default)]
    attached_managed_policies: Option<Vec<Attached>>,
    #[serde(default)]
    group_list: Option<Vec<String>>,
    #[serde(default)]
    permissions_boundary: Option<Boundary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    #[serde(default)]
    policy_document: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    #[serde(default)]
    permissions_boundary_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    arn: String,
    #[serde(default)]
    attachment_count: Option<u64>,
    #[serde(default)]
    permissions_boundary_usage_count: Option<u64>,
    #[serde(default)]
    policy_version_list: Option<Vec<Version>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    #[serde(default)]
    is_default_version: bool,
    #[serde(default)]
    document: serde_json::Value,
}

impl Reading<'_> {
    pub(super) fn take_account_details(&mut self, item: &Item<'_>) -> Result<(), Error> {
        let details: Details =
            serde_json::from_slice(item.bytes).map_err(|error| item.error(&self.read.export.path, &error))?;
        if details.is_truncated == Some(true) {
            self.warn("the account authorization details go on in a page that the export may lack");
        }
        let lists = [details.user_detail_list, details.group_detail_list, details.role_detail_list];
        for identity in lists.into_iter().flatten().flatten() {
            match IdentityArn::parse(&identity.arn) {
                Some(arn) => {
                    self.read.inventory.identities.insert(arn, identity.attachments());
                }
                None => self.warn("an identity of the account authorization details has no ARN of one"),
            }
        }
        for policy in details.policies.into_iter().flatten() {
            let mut versions = policy.policy_version_list.into_iter().flatten();
            let default = versions.find(|version| version.is_default_version);
            self.read.inventory.managed.insert(
                policy.arn,
                ManagedPolicy {
                    attached: policy.attachment_count.unwrap_or_default(),
                    boundaries: policy.permissions_boundary_usage_count.unwrap_or_default(),
                    size: default.map(|version| size(&version.document)),
                },
            );
        }
        self.note_usable();
        Ok(())
    }
}

impl Identity {
    fn attachments(self) -> Attachments {
        let inline = self.role_policy_list.into_iter().flatten();
        Attachments {
            inline: inline.map(|policy| (policy.policy_name, size(&policy.policy_document))).collect(),
            managed: self.attached_managed_policies.into_iter().flatten().map(|policy| policy.policy_arn).collect(),
            groups: self.group_list.unwrap_or_default(),
            boundary: self.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        }
    }
}

/// The characters of a document as IAM counts them; a string is the document in JSON, maybe URL-encoded.
fn size(document: &serde_json::Value) -> usize {
    let text = match document {
        serde_json::Value::String(text) => decoded(text),
        other => other.to_string(),
    };
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// A text without its URL encoding (RFC 3986); one that has none, or a broken one, as it is.
#[must_use]
pub fn decoded(text: &str) -> String {
    if !text.trim_start().starts_with('%') {
        return text.to_owned();
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(decoded)) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            Some(Err(_)) => return text.to_owned(),
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_may_be_url_encoded() {
        let cases = [
            ("%7B%22Version%22%3A%20%222012-10-17%22%7D", "{\"Version\": \"2012-10-17\"}"),
            ("{\"a\": \"100%25\"}", "{\"a\": \"100%25\"}"),
            ("%7", "%7"),
            ("%zz", "%zz"),
            ("%ff%fe", "%ff%fe"),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text), expected);
        }
    }
}
