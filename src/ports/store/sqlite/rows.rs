//! From rows to values and back: times, JSON, names. What cannot be read is named, never guessed.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::super::error::StoreError;
use super::super::view::{Run, StepEntry};
use super::error::unavailable;
use crate::domain::run::{Outcome, Position, Step};

/// The columns that [`run`] reads.
pub(super) const RUN: &str = "id, subject, delivery, command, request, step, outcome, facts, attempts, \
     created_at, updated_at";

/// A run from the columns of [`RUN`].
pub(super) fn run(row: &SqliteRow) -> Result<Run, StoreError> {
    let request: Option<String> = column(row, "request")?;
    let outcome: Option<String> = column(row, "outcome")?;
    let position = match column::<Option<String>>(row, "step")? {
        None => Position::Settled,
        Some(name) => Position::At(step(&name)?),
    };
    Ok(Run {
        id: text_of(column(row, "id")?)?,
        command: value_of(&column::<String>(row, "command")?)?,
        request: request.as_deref().map(value_of).transpose()?,
        subject: text_of(column(row, "subject")?)?,
        position,
        outcome: outcome.as_deref().map(value_of).transpose()?,
        facts: value_of(&column::<String>(row, "facts")?)?,
        attempts: column(row, "attempts")?,
        created_at: timestamp(column(row, "created_at")?)?,
        updated_at: timestamp(column(row, "updated_at")?)?,
        delivery: column(row, "delivery")?,
    })
}

/// An entry of a timeline.
pub(super) fn step_entry(row: &SqliteRow) -> Result<StepEntry, StoreError> {
    let intent: Option<String> = column(row, "intent")?;
    let outcome: Option<String> = column(row, "outcome")?;
    let finished: Option<i64> = column(row, "finished_at")?;
    Ok(StepEntry {
        step: step(&column::<String>(row, "step")?)?,
        attempt: column(row, "attempt")?,
        worker: column(row, "worker")?,
        started_at: timestamp(column(row, "started_at")?)?,
        intent: intent.as_deref().map(value_of).transpose()?,
        finished_at: finished.map(timestamp).transpose()?,
        problem: column(row, "problem")?,
        outcome: outcome.as_deref().map(value_of).transpose()?,
    })
}

/// One column's value.
pub(super) fn column<'row, T>(row: &'row SqliteRow, name: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'row, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(name).map_err(unavailable)
}

/// A step by its name.
pub(super) fn step(name: &str) -> Result<Step, StoreError> {
    let found = Step::ALL.into_iter().find(|step| step.as_str() == name);
    found.ok_or_else(|| StoreError::Corrupt(format!("`{name}` is not a step")))
}

/// A checked name from its text.
pub(super) fn text_of<T>(text: String) -> Result<T, StoreError>
where
    T: TryFrom<String>,
    T::Error: std::fmt::Display,
{
    T::try_from(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A value from its JSON.
pub(super) fn value_of<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A value's JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// An outcome's JSON, if there is one.
pub(super) fn outcome_text(outcome: Option<&Outcome>) -> Result<Option<String>, StoreError> {
    outcome.map(json).transpose()
}

/// Microseconds since 1970.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A time from microseconds since 1970.
pub(super) fn timestamp(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// An index or a size for the database, whose integers are signed.
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Corrupt(format!("{number} is not a leaf index")))
}

/// An index or a size from the database.
pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("{number} is not a leaf index")))
}
