//! A refusal: why something was not done, for whoever asked.
//!
//! Nothing was changed then. One shape for comments, plans, YAML, settings, webhooks and the terminal. Its code comes
//! from the one table ([`super::reason`]), so that each refusal can be explained.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::reason::Code;
use super::text::quoted;
use super::yaml;

/// Why something was not done: what is wrong, where, and what to do about it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The reason, for programs.
    pub code: Code,
    /// What is wrong, for people: one sentence, lower case, no full stop, safe to show as Markdown.
    pub message: String,
    /// What it is about.
    pub place: Place,
    /// What to do about it, one sentence.
    pub remedy: String,
    /// The error that it comes from, whose own words `message` is.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// What a refusal is about. `Display` gives its short form, which is empty for `Whole`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// The request as a whole.
    #[default]
    Whole,
    /// A position in the one text that was given, such as a comment.
    Position(TextPosition),
    /// Files, or fields of them; more than one where they contradict each other.
    Files(Vec<FilePlace>),
    /// An argument of a procedure, by name as it was typed.
    Argument(String),
    /// A field of the request, such as `reason`.
    Field(&'static str),
    /// A setting, by key.
    Setting(String),
}

/// A position in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPosition {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; `None` where only the line is known.
    pub column: Option<usize>,
}

/// A file, or a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// Its path, as the reader of the refusal knows it.
    pub path: String,
    /// Where in its text.
    pub position: Option<TextPosition>,
    /// Which of its fields, as a pointer.
    pub pointer: Option<String>,
}

impl Refusal {
    /// A refusal of the request as a whole; [`Refusal::at`] adds what it is about.
    #[must_use]
    pub fn new(code: impl Into<Code>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            place: Place::Whole,
            remedy: remedy.into(),
            cause: None,
        }
    }

    /// A refusal because of an error: its words are the message, its sources are the sources.
    #[must_use]
    pub fn because(
        code: impl Into<Code>,
        error: impl Error + Send + Sync + 'static,
        remedy: impl Into<String>,
    ) -> Self {
        let message = error.to_string();
        Self { cause: Some(Arc::new(error)), ..Self::new(code, message, remedy) }
    }

    /// The same refusal, about this place.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The same refusal, in other words.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The same refusal, for a reader who does not know which text its position is of.
    #[must_use]
    pub fn in_file(self, path: impl Into<String>) -> Self {
        let position = match self.place {
            Place::Position(position) => Some(position),
            _ => None,
        };
        self.at(Place::Files(vec![FilePlace { path: path.into(), position, pointer: None }]))
    }
}

/// Two refusals are equal when they say the same, whatever caused them.
impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        (&self.code, &self.message, &self.place, &self.remedy)
            == (&other.code, &other.message, &other.place, &other.remedy)
    }
}

impl Eq for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The words of the cause itself are the message.
        self.cause.as_ref()?.source()
    }
}

impl From<yaml::YamlRefusal> for Refusal {
    /// The refusal of an edit, with its position in the text.
    fn from(refusal: yaml::YamlRefusal) -> Self {
        let position = TextPosition { line: refusal.line, column: Some(refusal.column) };
        Self::new(refusal.code, refusal.message, refusal.remedy).at(Place::Position(position))
    }
}

impl Place {
    /// A file.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Self {
        Self::Files(vec![FilePlace { path: path.into(), position: None, pointer: None }])
    }

    /// A line of a file, from 1.
    #[must_use]
    pub fn line(path: impl Into<String>, line: usize) -> Self {
        let position = Some(TextPosition { line, column: None });
        Self::Files(vec![FilePlace { path: path.into(), position, pointer: None }])
    }

    /// A field of a file.
    #[must_use]
    pub fn field_of(path: impl Into<String>, pointer: &impl ToString) -> Self {
        Self::Files(vec![FilePlace::field(path, pointer)])
    }
}

impl FilePlace {
    /// A field of a file, given by a pointer.
    #[must_use]
    pub fn field(path: impl Into<String>, pointer: &impl ToString) -> Self {
        Self { path: path.into(), position: None, pointer: Some(pointer.to_string()) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Position(position) => position.fmt(out),
            Self::Files(files) => {
                let files: Vec<String> = files.iter().map(ToString::to_string).collect();
                out.write_str(&files.join(", "))
            }
            Self::Argument(name) => write!(out, "argument {}", quoted(name, 60)),
            Self::Field(name) => out.write_str(name),
            Self::Setting(key) => write!(out, "setting `{key}`"),
        }
    }
}

impl fmt::Display for FilePlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.path)?;
        if let Some(TextPosition { line, .. }) = self.position {
            write!(out, ":{line}")?;
        }
        match &self.pointer {
            Some(pointer) => write!(out, " {pointer}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TextPosition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(out, "line {}, column {column}", self.line),
            None => write!(out, "line {}", self.line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reason;
    use super::super::text::error_chain;
    use super::*;

    #[test]
    fn a_place_is_shown_as_short_as_it_can_be_found() {
        let shown = |place: Place| place.to_string();
        assert_eq!(shown(Place::Whole), "");
        assert_eq!(shown(Place::file("a/b.yaml")), "a/b.yaml");
        assert_eq!(shown(Place::line("a/b.yaml", 7)), "a/b.yaml:7");
        assert_eq!(shown(Place::field_of("a/b.yaml", &"/spec/replicas")), "a/b.yaml /spec/replicas");
        let two = ["/a", "/b"].map(|pointer| FilePlace::field("x.yaml", &pointer));
        assert_eq!(shown(Place::Files(two.to_vec())), "x.yaml /a, x.yaml /b");
        assert_eq!(shown(Place::Argument("tar`get".to_owned())), "argument `tar'get`");
        assert_eq!(shown(Place::Field("reason")), "reason");
        assert_eq!(shown(Place::Position(TextPosition { line: 2, column: Some(6) })), "line 2, column 6");
    }

    #[test]
    fn the_causes_of_a_refusal_are_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("the file cannot be read")]
        struct Outer(#[source] fmt::Error);
        let refusal = Refusal::because(reason::FILE_UNREADABLE, Outer(fmt::Error), "check it");
        assert_eq!(refusal.message, "the file cannot be read");
        assert_eq!(error_chain(&refusal), format!("the file cannot be read: {}", fmt::Error));
    }

    #[test]
    fn a_refused_edit_keeps_its_code_and_place() {
        let refused = yaml::edit("a: {\n", &[]).unwrap_err();
        let (line, column) = (refused.line, Some(refused.column));
        let refusal = Refusal::from(refused);
        assert_eq!(refusal.code, "yaml_syntax");
        assert_eq!(refusal.place, Place::Position(TextPosition { line, column }));
        assert_eq!(refusal.in_file("a.yaml").place.to_string(), format!("a.yaml:{line}"));
    }
}
