//! Why an edit or a text was refused: a reason code, a place, a remedy. Nothing was changed then.

use std::fmt;

use serde::Serialize;

/// A clean refusal. Whatever was asked for did not happen, not even in part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("line {line}, column {column}: {message} [{code}]")]
pub struct YamlRefusal {
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
    ($($name:ident = $code:literal, $meaning:literal, $remedy:literal;)*) => {
        /// The reason codes. Each has a meaning and a remedy that do not depend on the case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $meaning] $name,)* }

        impl Reason {
            /// All reasons, in the order of this table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is written in messages and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it says, a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
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
    Syntax = "yaml_syntax",
        "The text is not YAML, or not YAML that every parser reads in the same way.",
        "correct the YAML at this place";
    TooLarge = "too_large",
        "A text or a change is larger than the limit.",
        "split the file; the limits are 1 MiB, 40,000 values and keys, and 20,000 comments";
    TooDeep = "too_deep",
        "The YAML is nested deeper than the limit.",
        "flatten the document";
    TooManyAliases = "too_many_aliases",
        "The YAML has more aliases than the limit.",
        "expand the repeated parts";
    KeyNotScalar = "key_not_scalar",
        "A key is a mapping, a sequence or an alias; an unquoted `{{ … }}` is such a key too.",
        "quote the template expression, or make the key a plain word";
    DuplicateKey = "duplicate_key",
        "A mapping that the edit goes through has the same key twice.",
        "remove one of the two entries first";
    Alias = "alias_in_the_way",
        "At or above the target is an alias, or an anchor that aliases refer to.",
        "expand the shared part where it is used, then edit it";
    MergedKey = "merged_key",
        "The key comes only from a `<<` merge.",
        "edit the mapping that is merged in, or add the key here";
    Tab = "tab_indentation",
        "A line is indented with a tab.",
        "indent with spaces";
    NoDocument = "no_such_document",
        "The file has no document with this number.",
        "number documents from 0";
    NotFound = "target_not_found",
        "The field or object to edit is not there.",
        "check the pointer against the file";
    PointerSyntax = "pointer_syntax",
        "The pointer is not a JSON Pointer.",
        "write `/key/0/key`, with `~1` for `/` and `~0` for `~`";
    SelectorNone = "selector_matches_nothing",
        "A selector of the pointer matches no item of its list.",
        "check the name of the item";
    SelectorMany = "selector_matches_several",
        "A selector of the pointer matches more than one item of its list.",
        "make the names unique, or point by index";
    WrongType = "wrong_type",
        "The operation does not fit the value: a key of a sequence, an item of a scalar, a string to increment.",
        "check the value at the pointer";
    TestFailed = "test_failed",
        "A `test` operation of an RFC 6902 patch did not hold.",
        "the file is not in the expected state; read it again";
    Overlap = "overlapping_edits",
        "Two edits of one call change the same place.",
        "apply the edits one after the other";
    Unwritable = "value_not_writable",
        "The value cannot be written in this place, or would be read back as another one.",
        "use another value";
    Embedded = "embedded_text",
        "The text in a block scalar is not in the language that the edit names.",
        "check the syntax of the embedded text";
    Unproven = "edit_not_proven",
        "The proof of the edit did not hold, so the result was thrown away.",
        "edit this place by hand and report the file as a bug";
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

impl YamlRefusal {
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
