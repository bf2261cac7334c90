//! Small names and numbers that must not be mixed up: commits, blobs, branches, repositories, people.
//!
//! Each is checked when it is created, so a function that takes a `CommitId` never sees a path.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// An issue or pull request with its repository; as text, in the database and for people, `owner/name#number`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject {
    /// The repository.
    pub repository: RepositoryName,
    /// The issue or pull request.
    pub number: IssueNumber,
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.repository, self.number)
    }
}

impl std::str::FromStr for Subject {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let parsed = given.rsplit_once('#').and_then(|(repository, number)| {
            let repository = repository.parse().ok()?;
            Some(Self { repository, number: IssueNumber(number.parse().ok()?) })
        });
        let wanted = "an issue or pull request like `owner/name#7`";
        parsed.ok_or_else(|| NameError { given: given.to_owned(), wanted })
    }
}

impl TryFrom<String> for Subject {
    type Error = NameError;

    fn try_from(given: String) -> Result<Self, NameError> {
        given.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_its_text() {
        let subject: Subject = "acme/shop#7".parse().unwrap();
        assert_eq!((subject.repository.as_str(), subject.number), ("acme/shop", IssueNumber(7)));
        assert_eq!(subject.to_string(), "acme/shop#7");
        assert_eq!(serde_json::to_value(&subject).unwrap(), "acme/shop#7");
        for wrong in ["", "acme/shop", "acme#7", "acme/shop#", "acme/shop#-1", "acme/shop#7#8"] {
            assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
        }
    }
}
