//! ARNs of IAM identities: the roles and users that findings are about.
//!
//! Layout: `arn:PARTITION:iam::ACCOUNT:(role|user|group)/PATH/NAME`.

use std::fmt;

/// What kind of IAM identity an ARN names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKind {
    /// An IAM role.
    Role,
    /// An IAM user.
    User,
    /// An IAM group. Access Analyzer never reports on one.
    Group,
}

impl IdentityKind {
    /// The word that stands in the ARN.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// The ARN of a role, user or group, kept as written.
///
/// Equality and order ignore ASCII case, since IAM names are unique without regard to case.
#[derive(Debug, Clone)]
pub struct IdentityArn {
    text: Box<str>,
    kind: IdentityKind,
    account: (u32, u32),
    name_start: u32,
}

impl IdentityArn {
    /// Reads `arn:aws:iam::123456789012:role/service-role/app`; `None` if it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(6, ':');
        let (arn, partition, service) = (fields.next()?, fields.next()?, fields.next()?);
        let (region, account, resource) = (fields.next()?, fields.next()?, fields.next()?);
        let is_iam = arn == "arn" && partition.starts_with("aws") && service == "iam" && region.is_empty();
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if !is_iam || !is_account || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return None;
        }
        let (word, rest) = resource.split_once('/')?;
        let kind =
            [IdentityKind::Role, IdentityKind::User, IdentityKind::Group].into_iter().find(|k| k.word() == word)?;
        let name = rest.rsplit('/').next().filter(|name| !name.is_empty())?;
        let account_start = text.len() - resource.len() - 1 - account.len();
        Some(Self {
            text: text.into(),
            kind,
            account: (u32::try_from(account_start).ok()?, u32::try_from(account_start + account.len()).ok()?),
            name_start: u32::try_from(text.len() - name.len()).ok()?,
        })
    }

    /// The ARN as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Role, user or group.
    #[must_use]
    pub fn kind(&self) -> IdentityKind {
        self.kind
    }

    /// The 12 digits of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.text.get(self.account.0 as usize..self.account.1 as usize).unwrap_or_default()
    }

    /// The last part of the resource: the name that is unique in the account, without regard to case.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.name_start as usize..).unwrap_or_default()
    }

    /// Whether AWS owns the role's policies, so that nobody can edit them.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        self.text.contains(":role/aws-service-role/")
    }
}

impl fmt::Display for IdentityArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for IdentityArn {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for IdentityArn {}

impl PartialOrd for IdentityArn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IdentityArn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.text.bytes().map(lower).cmp(other.text.bytes().map(lower))
    }
}

impl std::hash::Hash for IdentityArn {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for byte in self.text.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_arn_is_taken_apart() {
        let cases = [
            ("arn:aws:iam::123456789012:role/app", Some((IdentityKind::Role, "123456789012", "app"))),
            ("arn:aws-cn:iam::123456789012:role/service-role/app", Some((IdentityKind::Role, "123456789012", "app"))),
            ("arn:aws:iam::111122223333:user/ops/alice", Some((IdentityKind::User, "111122223333", "alice"))),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
            ("arn:aws:iam::123456789012:role/", None),
            ("arn:aws:iam::12345678901:role/app", None),
            ("arn:aws:sts::123456789012:assumed-role/app/x", None),
            ("app", None),
        ];
        for (text, expected) in cases {
            let arn = IdentityArn::parse(text);
            let parts = arn.as_ref().map(|arn| (arn.kind(), arn.account(), arn.name()));
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn names_compare_without_case() {
        assert_eq!(
            IdentityArn::parse("arn:aws:iam::123456789012:role/App"),
            IdentityArn::parse("arn:aws:iam::123456789012:role/app")
        );
    }
}
