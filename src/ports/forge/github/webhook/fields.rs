//! Fields of GitHub's payloads, read strictly, and what is wrong with one.

use serde::Deserialize;

use crate::domain::names::RepositoryName;

/// Why a payload could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is not UTF-8.
    #[error("the body is not UTF-8 from byte {0} on")]
    NotText(usize),
    /// It is not a JSON object.
    #[error("the body is not a JSON object: {0}")]
    NotJson(String),
    /// A field is missing or of the wrong type.
    #[error("the payload's `{place}`: {problem}")]
    Field {
        /// The field's path.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// `repository`, in every payload.
#[derive(Deserialize)]
pub(super) struct PayloadRepository {
    pub(super) full_name: RepositoryName,
}

/// The fields of a payload that matter.
pub(super) fn fields<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PayloadError> {
    let mut reading = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reading).map_err(|error| PayloadError::Field {
        place: error.path().to_string(),
        problem: error.inner().to_string(),
    })
}

/// A field that has the right type and still is not what GitHub sends.
pub(super) fn wrong(place: &str, problem: &str) -> PayloadError {
    PayloadError::Field { place: place.to_owned(), problem: problem.to_owned() }
}
