//! Lossless YAML: documents are edited by splices and proven afterwards; all other bytes stay.
//!
//! A text is parsed into a tree of byte spans ([`parse`]); operations on JSON Pointers or item selectors are resolved
//! against it and become the smallest splices, in the style of what is around them ([`edit()`], [`patch`]). **Nothing is
//! returned unproven**: two parsers that share no code must read the result as the text before with exactly the named
//! nodes exchanged, RFC 6902 on the typed values must agree, and no comment may be lost. Every other edit is refused,
//! with a place, a reason code and a remedy.
//!
//! ```
//! use writ::domain::yaml;
//!
//! let before = "spec:\n  replicas: 1   # one writer\n  paused: false\n";
//! let patch = serde_json::from_str(r#"[{"op": "replace", "path": "/spec/replicas", "value": 0}]"#)?;
//! let edited = yaml::patch(before, 0, &patch)?;
//! assert_eq!(edited.text, "spec:\n  replicas: 0   # one writer\n  paused: false\n");
//! assert_eq!(edited.proof.splices, [(18..19, "0".to_string())]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Read
//!
//! Values are typed as Kubernetes reads them (`010` is 8, `yes` is true, a plain timestamp is a string).
//!
//! ```
//! use writ::domain::yaml;
//!
//! let stream = yaml::parse("kind: A\nmetadata: {name: one}\n---\n# the second\nport: 010 # octal\n")?;
//! let [first, second] = stream.documents() else { panic!("two documents") };
//! assert_eq!((first.kind(), first.name()), ("A".to_owned(), "one".to_owned()));
//! let port = "/port".parse()?;
//! assert_eq!(second.value_at(&port), Some(serde_json::json!(8)));
//! assert_eq!(second.locate(&port).map(|place| (place.line, place.column)), Some((5, 7)));
//! assert_eq!(second.comments_near(&port)[1].text, "octal");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Edit by name
//!
//! Besides RFC 6902 there are item selectors, [`Operation::Increment`], and edits of a YAML or JSON text that a scalar
//! holds, with the same guarantees for the inner text ([`Operation::Embedded`]):
//!
//! ```
//! use writ::domain::yaml::{self, Edit, Language, Operation};
//!
//! let before = "\
//! env:
//! - name: LEVEL   # of the log
//!   value: 'info'
//! data:
//!   limits.json: |
//!     {
//!       \"orders\": 10,
//!       \"retries\": 3
//!     }
//! ";
//! let edit = |operation| Edit { document: 0, operation };
//! let level = Operation::Replace { pointer: "/env[name=LEVEL]/value".parse()?, value: "yes".into() };
//! let fewer = Operation::Increment { pointer: "/orders".parse()?, by: -5 };
//! let limits = Operation::Embedded {
//!     pointer: "/data/limits.json".parse()?,
//!     language: Language::Json,
//!     edits: vec![edit(fewer)],
//! };
//! let edited = yaml::edit(before, &[edit(level), edit(limits)])?;
//! assert_eq!(edited.text, before.replace("info", "yes").replace("10", "5"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! New text takes the style of its surroundings; strings are written plain only where every YAML 1.1 and 1.2 reader
//! takes them for strings:
//!
//! ```
//! use writ::domain::yaml;
//!
//! let before = "args:\n    - -v\nfolded: >-\n    some words\n    on two lines\n";
//! let patch = serde_json::from_str(r#"[
//!     {"op": "add", "path": "/args/-", "value": "no"},
//!     {"op": "replace", "path": "/folded", "value": "some words on other lines"},
//!     {"op": "add", "path": "/map", "value": {"a": [1]}}
//! ]"#)?;
//! let after = "args:\n    - -v\n    - \"no\"\nfolded: >-\n    some words\n    on other lines\nmap:\n  a:\n      - 1\n";
//! assert_eq!(yaml::patch(before, 0, &patch)?.text, after);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Refusals and proofs
//!
//! ```
//! use writ::domain::yaml::{self, Reason};
//!
//! let before = "base: &base {cpu: 1}\njob: *base\n";
//! let patch = serde_json::from_str(r#"[{"op": "replace", "path": "/job/cpu", "value": 2}]"#)?;
//! let refusal = yaml::patch(before, 0, &patch).unwrap_err();
//! assert_eq!((refusal.code, refusal.line, refusal.column), (Reason::Alias, 2, 6));
//! assert_eq!(refusal.remedy, "expand the shared part where it is used, then edit it");
//!
//! let patch = serde_json::from_str(r#"[{"op": "add", "path": "/new", "value": true}]"#)?;
//! let proof = yaml::patch(before, 0, &patch)?.proof;
//! assert_eq!(proof.splices, [(32..32, "new: true\n".to_owned())]);
//! assert!(proof.checks.iter().any(|check| check.starts_with("values: RFC 6902")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused
//!
//! Reading and changing nothing work on every valid text within the limits: 1 MiB, 40,000 values and keys, 20,000
//! comments, 100 levels, 1,000 aliases. An edit is refused
//!
//! - in a document with a key that is not a scalar, which is also what an unquoted `{{ … }}` makes;
//! - at a key that its mapping has twice, at or below an alias or an anchor that aliases refer to, at a key that comes
//!   from `<<`;
//! - inside `!!set`, `!!omap` and `!!pairs`; and copies of what carries a tag that would be lost;
//! - where there is a tab that some reader would take for indentation;
//! - where two parsers that share no code do not both read what was meant.
//!
//! # Files
//!
//! Each may use those of its own folder and of the rows above it.
//!
//! | folder or file | what |
//! | --- | --- |
//! | `refusal`, `pointer`, `operation` | the words of an edit |
//! | `read/` | from a text to its span tree; values, locations and comments |
//! | `edit_tree/` | the document as it will be: operations laid over the span tree |
//! | `write/` | from an edit tree to splices |
//! | `prove/` | the result read back and compared |
//! | `edit` | all of it in order |

mod edit;
mod edit_tree;
mod operation;
mod pointer;
mod prove;
mod read;
mod refusal;
#[cfg(test)]
mod sabotage;
mod write;

pub use edit::Edited;
pub use operation::{Edit, KeyPosition, Language, Operation};
pub use pointer::{Pointer, PointerError, PointerStep, escape};
pub use prove::proof::EditProof;
pub use read::document::{Document, Location, Stream, YamlComment};
pub use refusal::{Reason, YamlRefusal, line_column};

/// Parses a text.
///
/// # Errors
/// A [`YamlRefusal`] with the place, if the text is not YAML that is safe to edit.
pub fn parse(text: &str) -> Result<Stream<'_>, YamlRefusal> {
    Stream::new(read::parser::parse(text)?)
}

/// Makes several edits, all resolved against the text as it is. Two that touch the same place are refused.
///
/// ```
/// use writ::domain::yaml::{self, Edit, Operation};
///
/// let before = "env:\n- name: A\n  value: \"1\"\n- name: B\n  value: \"2\"\n";
/// let edit = |pointer: &str, by| Edit { document: 0, operation: Operation::Increment { pointer: pointer.parse().unwrap(), by } };
/// assert!(yaml::edit(before, &[edit("/env[name=B]/value", 1)]).is_err()); // a string is not an integer
/// let edited = yaml::edit("nonce: 38\n", &[edit("/nonce", 1)])?;
/// assert_eq!(edited.text, "nonce: 39\n");
/// # Ok::<(), yaml::YamlRefusal>(())
/// ```
///
/// # Errors
/// A [`YamlRefusal`]; nothing is changed then.
pub fn edit(text: &str, edits: &[Edit]) -> Result<Edited, YamlRefusal> {
    edit::edit(text, edits, operation::Order::Simultaneous)
}

/// Makes several edits, one after the other, all or nothing: each names places as the ones before have left them.
///
/// ```
/// use writ::domain::yaml::{self, Edit, Operation};
///
/// let remove = |document| Edit { document, operation: Operation::Remove { pointer: "/l/0".parse().unwrap() } };
/// let edited = yaml::edit_in_order("l: [a, b, c]\n---\nl: [d, e]\n", &[remove(0), remove(0), remove(1)])?;
/// assert_eq!(edited.text, "l: [c]\n---\nl: [e]\n");
/// # Ok::<(), yaml::YamlRefusal>(())
/// ```
///
/// # Errors
/// A [`YamlRefusal`]; nothing is changed then.
pub fn edit_in_order(text: &str, edits: &[Edit]) -> Result<Edited, YamlRefusal> {
    edit::edit(text, edits, operation::Order::Sequential)
}

/// Applies an RFC 6902 patch to one document, operation after operation, all or nothing.
///
/// # Errors
/// A [`YamlRefusal`]; nothing is changed then.
pub fn patch(text: &str, document: usize, patch: &json_patch::Patch) -> Result<Edited, YamlRefusal> {
    let edits: Result<Vec<Edit>, PointerError> =
        patch.0.iter().map(|operation| Edit::from_rfc6902(document, operation)).collect();
    let edits = edits.map_err(|error| YamlRefusal::at(text, 0, Reason::PointerSyntax, error.to_string()))?;
    edit_in_order(text, &edits)
}
