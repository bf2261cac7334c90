//! Why an edit or a text was refused: a reason code, a place, a remedy. Nothing was changed then.

use std::fmt;

use serde::Serialize;

/// A clean refusal. Whatever was asked for did not happen, not even in part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("line {line}, column {column}: {message} [{code}]")]
pub struct Refusal {
    /// The reason, for programs.
    pub code: Reason,
    /// The reason, for people: one sentence, lower case, no full stop.
    pub message: String,
    /// Line in the text, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What to do about it, one sentence.
    pub remedy: String,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $remedy:literal;)*) => {
        /// The reason codes. Each has a remedy that does not depend on the case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All reasons, in the order of this table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it stands in messages and JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What to do about it.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

reasons! {
    /// The text is not YAML, or not YAML that every parser reads in the same way.
    Syntax = "yaml_syntax", "correct the YAML at this place";
    /// Larger than the limit.
    TooLarge = "too_large", "split the file; the limits are 1 MiB, 40,000 values and keys, and 20,000 comments";
    /// Nested deeper than the limit.
    TooDeep = "too_deep", "flatten the document";
    /// More aliases than the limit.
    TooManyAliases = "too_many_aliases", "expand the repeated parts";
    /// A key that is a mapping, a sequence or an alias; also what an unquoted `{{ … }}` is.
    KeyNotScalar = "key_not_scalar", "quote the template expression, or make the key a plain word";
    /// The same key twice in a mapping that the edit goes through.
    DuplicateKey = "duplicate_key", "remove one of the two entries first";
    /// An alias, or an anchor that aliases refer to, at or above the target.
    Alias = "alias_in_the_way", "expand the shared part where it is used, then edit it";
    /// The key comes only from `<<`.
    MergedKey = "merged_key", "edit the mapping that is merged in, or add the key here";
    /// A tab where indentation is expected.
    Tab = "tab_indentation", "indent with spaces";
    /// No such document in the file.
    NoDocument = "no_such_document", "number documents from 0";
    /// The pointer selects nothing.
    NotFound = "target_not_found", "check the pointer against the file";
    /// The pointer is not a JSON Pointer.
    PointerSyntax = "pointer_syntax", "write `/key/0/key`, with `~1` for `/` and `~0` for `~`";
    /// A selector matches no item.
    SelectorNone = "selector_matches_nothing", "check the name of the item";
    /// A selector matches more than one item.
    SelectorMany = "selector_matches_several", "make the names unique, or point by index";
    /// The operation does not fit the node: a key of a sequence, an item of a scalar, a string to increment.
    WrongType = "wrong_type", "check the value at the pointer";
    /// An RFC 6902 `test` did not hold.
    TestFailed = "test_failed", "the file is not in the expected state; read it again";
    /// Two edits of one call touch the same place.
    Overlap = "overlapping_edits", "apply the edits one after the other";
    /// The value cannot be written in this place, or cannot be read back as what it is.
    Unwritable = "value_not_writable", "use another value";
    /// The text in a block scalar is not what the edit says it is.
    Embedded = "embedded_text", "check the syntax of the embedded text";
    /// The proof did not hold, so the result was thrown away.
    Unproven = "edit_not_proven", "edit this place by hand and report the file as a bug";
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl Refusal {
    /// A refusal at a byte offset of a text.
    #[must_use]
    pub fn at(text: &str, offset: usize, code: Reason, message: impl Into<String>) -> Self {
        let (line, column) = line_column(text, offset);
        Self { code, message: message.into(), line, column, remedy: code.remedy().to_owned() }
    }
}

/// Line and column (both from 1, columns in characters) of a byte offset. CR, LF and CRLF end a line.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let bytes = before.as_bytes();
    let mut line = 1;
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let ends = match byte {
            b'\n' => true,
            b'\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends {
            line += 1;
            start = at + 1;
        }
    }
    (line, before[start..].chars().count() + 1)
}
