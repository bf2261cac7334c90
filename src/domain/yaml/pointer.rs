//! Where an edit goes: RFC 6901 JSON Pointers, and the same with items selected by a field.
//!
//! `/spec/template/spec/containers[name=app]/env[name=TRADING_ENABLED]/value`

use std::fmt;
use std::str::FromStr;

/// A parsed pointer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Pointer {
    /// The way from the document's root.
    pub steps: Vec<PointerStep>,
}

/// One step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PointerStep {
    /// A key of a mapping, an index of a sequence, or `-` for the place after its last item.
    Key(String),
    /// The one item of a sequence of mappings whose field `key` has the value `value`.
    Item {
        /// The field, usually `name`.
        key: String,
        /// Its value, compared as text.
        value: String,
    },
}

/// Why a text is not a pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a JSON Pointer: {wrong}")]
pub struct PointerError {
    given: String,
    wrong: &'static str,
}

impl Pointer {
    /// Reads an RFC 6901 pointer; `[` has no meaning in it.
    ///
    /// # Errors
    /// - the text is not empty and does not begin with `/`
    /// - a `~` that is not `~0` or `~1`
    pub fn plain(text: &str) -> Result<Self, PointerError> {
        let mut steps = Vec::new();
        for token in tokens(text)? {
            steps.push(PointerStep::Key(unescape(text, token)?));
        }
        Ok(Self { steps })
    }

    /// Reads a pointer in which `key[name=x]` selects an item.
    ///
    /// # Errors
    /// As [`Pointer::plain`].
    pub fn with_selectors(text: &str) -> Result<Self, PointerError> {
        let mut steps = Vec::new();
        for token in tokens(text)? {
            match selector(token) {
                Some((before, key, value)) => {
                    if !before.is_empty() {
                        steps.push(PointerStep::Key(unescape(text, before)?));
                    }
                    steps
                        .push(PointerStep::Item { key: unescape(text, key)?, value: unescape(text, value)? });
                }
                None => steps.push(PointerStep::Key(unescape(text, token)?)),
            }
        }
        Ok(Self { steps })
    }

    /// The pointer with one more key or index.
    #[must_use]
    pub fn child(&self, key: impl Into<String>) -> Self {
        let mut steps = self.steps.clone();
        steps.push(PointerStep::Key(key.into()));
        Self { steps }
    }

    /// The pointer one step up, and the last step; `None` for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &PointerStep)> {
        let (last, before) = self.steps.split_last()?;
        Some((Self { steps: before.to_vec() }, last))
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    /// Reads a pointer in which `key[name=x]` selects an item.
    fn from_str(text: &str) -> Result<Self, PointerError> {
        Self::with_selectors(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut after_key = false;
        for step in &self.steps {
            match step {
                PointerStep::Key(key) => {
                    write!(out, "/{}", escape(key))?;
                    after_key = true;
                }
                PointerStep::Item { key, value } => {
                    let slash = if after_key { "" } else { "/" };
                    write!(out, "{slash}[{}={}]", escape(key), escape(value))?;
                    after_key = false;
                }
            }
        }
        Ok(())
    }
}

/// One reference token, escaped: `/` as `~1`, `~` as `~0`.
#[must_use]
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The JSON Pointer of keys and indices.
pub(super) fn pointer_text(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", escape(key))).collect()
}

/// An RFC 6901 array index: digits without a leading zero.
pub(super) fn parse_index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { token.parse().ok() } else { None }
}

/// The reference tokens, still escaped.
fn tokens(text: &str) -> Result<impl Iterator<Item = &str>, PointerError> {
    if !text.is_empty() && !text.starts_with('/') {
        return Err(PointerError { given: text.to_owned(), wrong: "it must be empty or begin with `/`" });
    }
    Ok(text.split('/').skip(1))
}

/// A reference token without its escapes; `pointer` is for the error.
fn unescape(pointer: &str, token: &str) -> Result<String, PointerError> {
    let mut parts = token.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = match part.as_bytes().first() {
            Some(b'0') => ('~', &part[1..]),
            Some(b'1') => ('/', &part[1..]),
            _ => {
                return Err(PointerError {
                    given: pointer.to_owned(),
                    wrong: "`~` must be followed by `0` or `1`",
                });
            }
        };
        text.push(character);
        text.push_str(rest);
    }
    Ok(text)
}

/// `containers[name=app]` as (`containers`, `name`, `app`).
fn selector(token: &str) -> Option<(&str, &str, &str)> {
    let inner = token.strip_suffix(']')?;
    let (before, condition) = inner.split_once('[')?;
    let (key, value) = condition.split_once('=')?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
    (!key.is_empty() && key.bytes().all(is_word)).then_some((before, key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_split_off_and_come_back() {
        let text = "/spec/containers[name=app]/env[name=A~1B]/value";
        let pointer: Pointer = text.parse().unwrap();
        assert_eq!(pointer.steps.len(), 6);
        assert_eq!(pointer.steps[2], PointerStep::Item { key: "name".into(), value: "app".into() });
        assert_eq!(pointer.to_string(), text);
        assert_eq!(Pointer::plain("/a[b=c]").unwrap().steps, [PointerStep::Key("a[b=c]".into())]);
    }

    #[test]
    fn bad_pointers_say_what_is_wrong() {
        assert!(Pointer::plain("a").unwrap_err().to_string().contains("begin with `/`"));
        assert!(Pointer::plain("/a~2").unwrap_err().to_string().contains("`~` must be"));
        assert_eq!(Pointer::plain("").unwrap().steps, []);
        assert_eq!(Pointer::plain("/").unwrap().steps, [PointerStep::Key(String::new())]);
    }
}
