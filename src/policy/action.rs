//! Action patterns: the strings in `Action` and `NotAction`.

use std::sync::Arc;

use super::wildcard::Wildcard;

/// An entry of an action list, as written. A copy costs next to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPattern {
    read: Arc<Reading>,
}

#[derive(Debug, PartialEq, Eq)]
struct Reading {
    text: String,
    form: Form,
}

/// What an entry says.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// `*` alone, the one pattern across services; `*:*` is read as it.
    Everything,
    /// `service:Name`, where the name may hold wildcards.
    Named { service: String, name: Wildcard },
    /// Something that IAM matches with no action: no colon, white space, a wildcard in the service.
    Nothing,
}

impl ActionPattern {
    /// Reads an entry; nothing is trimmed, since IAM trims nothing.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let form = Self::form_of(&text);
        Self { read: Arc::new(Reading { text, form }) }
    }

    fn form_of(text: &str) -> Form {
        if text == "*" || text == "*:*" {
            return Form::Everything;
        }
        match text.split_once(':') {
            Some((service, name)) if is_prefix(service) && !name.is_empty() && !name.contains(char::is_whitespace) => {
                Form::Named { service: service.to_ascii_lowercase(), name: Wildcard::new(name) }
            }
            _ => Form::Nothing,
        }
    }

    /// The entry as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.read.text
    }

    /// Whether it grants every action of every service.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.read.form == Form::Everything
    }

    /// The service in lower case and the pattern over its names; `None` for `*` and for what matches nothing.
    #[must_use]
    pub fn named(&self) -> Option<(&str, &Wildcard)> {
        match &self.read.form {
            Form::Named { service, name } => Some((service, name)),
            Form::Everything | Form::Nothing => None,
        }
    }

    /// The service prefix as the user spelled it.
    #[must_use]
    pub fn service_as_written(&self) -> &str {
        self.read.text.split_once(':').map_or("", |(service, _)| service)
    }

    /// Whether it matches the action `name` of the service with the lower-case prefix `service`.
    #[must_use]
    pub fn matches(&self, service: &str, name: &str) -> bool {
        match &self.read.form {
            Form::Everything => true,
            Form::Named { service: own, name: pattern } => own == service && pattern.matches(name),
            Form::Nothing => false,
        }
    }

    /// Whether every action that `other` could ever match is matched by this one too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.read.form, &other.read.form) {
            (Form::Everything, _) | (_, Form::Nothing) => true,
            (Form::Nothing, _) | (_, Form::Everything) => false,
            (Form::Named { service: a, name: outer }, Form::Named { service: b, name: inner }) => {
                a == b && outer.covers(inner)
            }
        }
    }
}

/// Service prefixes hold letters, digits and hyphens only.
fn is_prefix(service: &str) -> bool {
    !service.is_empty() && service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_iam_reads_it() {
        let cases = [
            ("s3:GetObject", Some(("s3", "GetObject"))),
            ("SQS:*", Some(("sqs", "*"))),
            ("acm-pca:Issue*", Some(("acm-pca", "Issue*"))),
            ("*", None),
            ("*:*", None),
            ("s3:", None),
            ("s3*:Get*", None),
            ("s3: GetObject", None),
            (" s3:GetObject", None),
            ("GetObject", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let pattern = ActionPattern::new(text);
            let named = pattern.named().map(|(service, name)| (service, name.as_str()));
            assert_eq!(named, expected, "{text}");
            assert_eq!(pattern.is_everything(), text == "*" || text == "*:*", "{text}");
        }
    }

    #[test]
    fn what_matches_nothing_covers_nothing_and_is_covered_by_all() {
        let (nothing, get) = (ActionPattern::new("s3: Get*"), ActionPattern::new("s3:Get*"));
        assert!(get.covers(&nothing) && !nothing.covers(&get) && !nothing.matches("s3", "GetObject"));
        assert!(ActionPattern::new("*").covers(&get) && !get.covers(&ActionPattern::new("*")));
        assert!(ActionPattern::new("S3:get*").covers(&ActionPattern::new("s3:GetObject")));
        assert!(!ActionPattern::new("s3:*").covers(&ActionPattern::new("sqs:*")));
    }
}
