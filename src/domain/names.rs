//! Small names and numbers that must not be mixed up: commits, blobs, branches, repositories, people.
//!
//! Each is checked when it is created, so a function that takes a `CommitId` never sees a path.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An issue or a pull request of a repository. Its text is `owner/name#number`, as people write it on a forge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssueReference {
    /// Its repository.
    pub repository: RepositoryName,
    /// Its number.
    pub number: IssueNumber,
}

/// Why a name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is not {wanted}")]
pub struct NameError {
    given: String,
    wanted: &'static str,
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(given: String) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(&given) { Ok(Self(given)) } else { Err(NameError { given, wanted: $wanted }) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(given: &str) -> Result<Self, NameError> {
                Self::try_from(given.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

checked_text!(
    /// A git commit id: 40 lower-case hexadecimal digits.
    CommitId, "a full commit id", is_object_id
);
checked_text!(
    /// A git blob id: 40 lower-case hexadecimal digits.
    BlobId, "a full blob id", is_object_id
);
checked_text!(
    /// A git tree id: 40 lower-case hexadecimal digits.
    TreeId, "a full tree id", is_object_id
);
checked_text!(
    /// A repository on a forge, `owner/name`.
    RepositoryName, "a repository name like `owner/name`", |text| {
        let part = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part != "."
                && part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
    }
);
checked_text!(
    /// A branch without `refs/heads/`: letters, digits and `/ . _ -`, at most 200 bytes, no empty or dotted part.
    BranchName, "a branch name", |text| {
        text.len() <= 200
            && text.split('/').all(|part| {
                !part.is_empty()
                    && !part.starts_with(['.', '-'])
                    && !part.ends_with('.')
                    && !part.ends_with(".lock")
                    && !part.contains("..")
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            })
    }
);
checked_text!(
    /// A run's id: 16 characters of lower-case base32 (80 bits of SHA-256 over the request's identity).
    RunId, "a run id of 16 characters a-z 2-7", |text| {
        text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
    }
);

fn is_object_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl RepositoryName {
    /// The part before the slash.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The part after the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

impl TryFrom<String> for IssueReference {
    type Error = NameError;

    fn try_from(given: String) -> Result<Self, NameError> {
        let parts = given.split_once('#').and_then(|(repository, number)| {
            let number = IssueNumber(number.parse().ok()?);
            Some(Self { repository: repository.parse().ok()?, number })
        });
        parts.ok_or(NameError { given, wanted: "an issue like `owner/name#7`" })
    }
}

impl std::str::FromStr for IssueReference {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        Self::try_from(given.to_owned())
    }
}

impl From<IssueReference> for String {
    fn from(reference: IssueReference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for IssueReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.repository, self.number)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

number!(
    /// The number of an issue or a pull request in its repository.
    IssueNumber
);
number!(
    /// A comment's numeric id on its forge.
    CommentId
);
number!(
    /// A check run's numeric id on its forge.
    CheckId
);
number!(
    /// An account's numeric id on its forge: names change hands, ids do not.
    AccountId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_reference_is_read_as_it_is_written() {
        let reference: IssueReference = "acme/shop#7".parse().unwrap();
        assert_eq!((reference.repository.as_str(), reference.number), ("acme/shop", IssueNumber(7)));
        assert_eq!(serde_json::to_value(&reference).unwrap(), "acme/shop#7");
        for wrong in ["acme/shop", "acme/shop#", "shop#7", "acme/shop#seven", "acme/shop#7#8"] {
            assert!(wrong.parse::<IssueReference>().is_err(), "{wrong}");
        }
    }
}
