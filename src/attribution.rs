//! Whose policy is it? The join of what the repository says with what the findings say, with how sure it is.
//!
//! Knows names and ARNs. Does not know actions.

/// How an identity is known. Ordered, weakest first; of two hops the weaker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// From the path of the file.
    Guess,
    /// By following references inside the repository.
    Reference,
    /// By the identity's name.
    Name,
    /// Because the user says so.
    Binding,
    /// By the identity's ARN.
    Arn,
}

impl Certainty {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Reference => "reference",
            Self::Name => "name",
            Self::Binding => "binding",
            Self::Arn => "arn",
        }
    }
}
