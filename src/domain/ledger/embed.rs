//! Record and proof in a pull request's body: writing them there, and reading them back.
//!
//! Two fenced code blocks. A canonical record is one line that begins with `{`, and no line
//! of a proof begins with a backtick, so neither can end its fence. Forges may turn line ends into CRLF.

use super::proof::Proof;
use crate::domain::reason::{self, Code};

/// What opens the record's block; GitHub takes the first word for the language.
const RECORD_FENCE: &str = "```json writ-record";
/// What opens the proof's block.
const PROOF_FENCE: &str = "```text writ-proof";

/// What ends a block.
const END: &str = "```";
/// Where a body's text has the two blocks until there is a proof. No text of a person and no YAML has such characters.
pub const PROOF_PLACE: &str = "\u{1}proof\u{1}";

/// Why a body's proof cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// There is no such block.
    #[error("the body has no `{0}` block")]
    Missing(&'static str),
    /// There are two, and it cannot be known which one counts.
    #[error("line {line}: the body has a second `{block}` block")]
    Twice {
        /// The line, from 1.
        line: usize,
        /// Which block.
        block: &'static str,
    },
    /// The block does not end.
    #[error("line {line}: the `{block}` block is not closed")]
    Open {
        /// The line where it begins, from 1.
        line: usize,
        /// Which block.
        block: &'static str,
    },
}

impl EmbedError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Missing(_) => reason::PROOF_MISSING,
            Self::Twice { .. } | Self::Open { .. } => reason::PROOF_AMBIGUOUS,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing(_) => "give the whole body of a pull request that writ opened, as Markdown source",
            Self::Twice { .. } | Self::Open { .. } => {
                "the body was edited: restore it from its edit history, or get the proof from the ledger (`writ audit prove RUN`)"
            }
        }
    }
}

/// What a body carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// The record's bytes.
    pub record: Vec<u8>,
    /// The proof's text.
    pub proof: String,
    /// The rest of the body: what people read. The lines that open and end the two blocks are part of it.
    pub visible: String,
}

/// Two fenced code blocks for a pull request's body; ends with a line end. The body's template collapses them.
#[must_use]
pub fn embed(record: &[u8], proof: &Proof) -> String {
    let record = String::from_utf8_lossy(record);
    let proof = proof.to_string();
    format!("{RECORD_FENCE}\n{record}\n```\n\n{PROOF_FENCE}\n{}\n```\n", proof.trim_end())
}

/// The body: a text with the two blocks in their place.
#[must_use]
pub fn insert(text: &str, blocks: &str) -> String {
    text.replace(PROOF_PLACE, blocks.trim())
}

/// The visible part of the body that a text will be: what [`extract`] gives of it once the blocks are inserted.
#[must_use]
pub fn without_proof(text: &str) -> String {
    insert(text, &format!("{RECORD_FENCE}\n{END}\n\n{PROOF_FENCE}\n{END}"))
}

/// Takes record and proof out of a body.
///
/// # Errors
/// - a block is missing, open, or there twice
pub fn extract(body: &str) -> Result<Embedded, EmbedError> {
    let mut lines = (1..).zip(body.lines()).map(|(number, line)| (number, line.trim_end_matches('\r')));
    let (mut record, mut proof, mut visible) = (None, None, String::new());
    while let Some((number, line)) = lines.next() {
        let (found, block) = match line {
            RECORD_FENCE => (&mut record, RECORD_FENCE),
            PROOF_FENCE => (&mut proof, PROOF_FENCE),
            _ => {
                visible.push_str(line);
                visible.push('\n');
                continue;
            }
        };
        if found.is_some() {
            return Err(EmbedError::Twice { line: number, block });
        }
        let mut text = String::new();
        visible.extend([block, "\n", END, "\n"]);
        loop {
            match lines.next() {
                Some((_, END)) => break,
                Some((_, line)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => return Err(EmbedError::Open { line: number, block }),
            }
        }
        *found = Some(text);
    }
    let record = record.ok_or(EmbedError::Missing(RECORD_FENCE))?;
    let proof = proof.ok_or(EmbedError::Missing(PROOF_FENCE))?;
    // The last line end belongs to the block, not to the record.
    let record = record.strip_suffix('\n').unwrap_or(&record).as_bytes().to_vec();
    Ok(Embedded { record, proof, visible })
}
