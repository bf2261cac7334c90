//! RFC 6902 patches as people and programs write them: from JSON to edits, with the place of a mistake.
//!
//! One member more than in RFC 6902 is understood: an operation with `"document": N`, from 0, applies to that document
//! of the file. (RFC 6902 §4 lets an operation have further members.)

use json_patch::PatchOperation;
use serde::Deserialize;

use crate::domain::yaml::{self, Edit, Edited, PointerError, Reason, YamlRefusal, line_column};

/// The operations of a patch, in order.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Operations(Vec<PatchStep>);

#[derive(Debug, Deserialize)]
#[serde(expecting = "an operation")]
struct PatchStep {
    document: Option<usize>,
    #[serde(flatten)]
    operation: PatchOperation,
}

/// Why a JSON text is not a patch.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {wrong}")]
pub(super) struct NotPatch {
    line: usize,
    column: usize,
    wrong: String,
}

impl Operations {
    /// The text after the operations, proven; `document` is for those that name none.
    ///
    /// # Errors
    /// A [`YamlRefusal`]; nothing is changed then.
    pub(super) fn apply(&self, text: &str, document: usize) -> Result<Edited, YamlRefusal> {
        let edits = self
            .edits(document)
            .map_err(|error| YamlRefusal::at(text, 0, Reason::PointerSyntax, error.to_string()))?;
        yaml::edit_in_order(text, &edits)
    }

    /// The edits, one for each operation; `document` is for those that name none.
    fn edits(&self, document: usize) -> Result<Vec<Edit>, PointerError> {
        let edit = |step: &PatchStep| Edit::from_rfc6902(step.document.unwrap_or(document), &step.operation);
        self.0.iter().map(edit).collect()
    }
}

/// Reads JSON in which numbers must keep their value.
///
/// # Errors
/// - it is not JSON, or not of this type
/// - a number has more digits than are kept: to write another one would be a wrong edit
pub(super) fn from_json<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, NotPatch> {
    let read = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let wrong = error.to_string();
        let place = format!(" at line {line} column {column}");
        let wrong = wrong.strip_suffix(&place).unwrap_or(&wrong).to_owned();
        NotPatch { line: line.max(1), column: column.max(1), wrong }
    })?;
    match inexact_number(text) {
        None => Ok(read),
        Some((offset, number)) => {
            let (line, column) = line_column(text, offset);
            let wrong = format!("the number `{number}` has more digits than can be represented");
            Err(NotPatch { line, column, wrong })
        }
    }
}

/// The first number of a JSON text that would be read as another one, with its offset.
fn inexact_number(json: &str) -> Option<(usize, &str)> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = &json[at..at + length];
                let read = serde_json::from_str::<serde_json::Number>(number).ok()?.to_string();
                if decimal(number) != decimal(&read) {
                    return Some((at, number));
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

/// A JSON number as its significant digits and the power of ten of the last one.
fn decimal(number: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return (false, String::new(), 0);
    }
    // OK because a text has far fewer digits than an i64 counts.
    let scale = exponent - fraction.len() as i64 + (digits.len() - short.len()) as i64;
    (number.starts_with('-'), short.trim_start_matches('0').to_owned(), scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_would_change_are_found() {
        let same = r#"[0, -0, 1.50, 1e3, 0.1, -17, 18446744073709551615, -9223372036854775808, 2E-2, "0.12345678901234567890", "\"1.234567890123456789012"]"#;
        assert_eq!(inexact_number(same), None);
        for number in ["18446744073709551616", "0.1000000000000000055511", "1.00000000000000000001e2"] {
            assert_eq!(inexact_number(&format!("[1, {number}]")), Some((4, number)));
        }
    }

    #[test]
    fn what_is_no_patch_is_named_with_its_place() {
        let said = |text: &str| from_json::<Operations>(text).unwrap_err().to_string();
        for (text, words) in [
            ("[{\"op\": \"add\",\n  \"path\": }]", "line 2, column 11: expected value"),
            ("[{\"op\": \"fly\", \"path\": \"/a\"}]", "line 1, column 28: unknown variant `fly`"),
            ("[\n{\"op\": \"add\", \"path\": \"/a\"}]", "line 2, column 27: missing field `value`"),
            ("[{\"op\": \"remove\", \"path\": \"a\"}]", "line 1, column 30: json pointer"),
            (
                "[{\"op\": \"remove\", \"path\": \"/a\", \"document\": -1}]",
                "line 1, column 46: invalid value: integer `-1`",
            ),
            (
                "{\"op\": \"remove\", \"path\": \"/a\"}",
                "line 1, column 1: invalid type: map, expected a sequence",
            ),
            ("[1]", "line 1, column 2: invalid type: integer `1`, expected an operation"),
            ("[] []", "line 1, column 4: trailing characters"),
            ("", "line 1, column 1: EOF"),
            (
                "[{\"op\": \"add\", \"path\": \"/a\", \"value\": 12345678901234567890123}]",
                "line 1, column 39: the number",
            ),
        ] {
            let error = said(text);
            assert!(error.starts_with(words), "{text}: {error}");
        }
    }
}
