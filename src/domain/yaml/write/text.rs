//! New values as text: in a block, in brackets, as JSON.

use super::super::edit_tree::new_node::{NewNode, NewText};
use super::super::read::scalar::{double_quoted, number_text, plain_fits, single_quoted};
use super::super::read::span_tree::{ScalarStyle, SpanTree};
use super::formatting::Formatting;
use super::literal::{BlockText, literal};

/// Writes values in the formatting of a document.
pub(super) struct Writer<'a, 't> {
    pub tree: &'a SpanTree<'t>,
    pub formatting: Formatting<'t>,
    /// The line break to use here.
    pub line_break: &'t str,
}

/// What surrounds a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarContext {
    Block,
    /// Brackets.
    Flow,
}

impl Writer<'_, '_> {
    /// A value on one line.
    pub(super) fn inline(
        &self,
        value: &NewNode,
        context: ScalarContext,
        instead_of: Option<ScalarStyle>,
    ) -> String {
        match value {
            NewNode::Null => "null".to_owned(),
            NewNode::Bool(value) => value.to_string(),
            NewNode::Number(value) => number_text(value),
            NewNode::Text(text) => self.scalar(text, context, instead_of),
            NewNode::Sequence(list) => {
                let items: Vec<String> =
                    list.iter().map(|item| self.inline(item, ScalarContext::Flow, None)).collect();
                format!("[{}]", items.join(", "))
            }
            NewNode::Mapping(map) if map.is_empty() => "{}".to_owned(),
            NewNode::Mapping(map) => {
                let pairs: Vec<String> = map.iter().map(|(key, value)| self.pair(key, value)).collect();
                if self.formatting.json {
                    format!("{{{}}}", pairs.join(", "))
                } else {
                    format!("{{ {} }}", pairs.join(", "))
                }
            }
        }
    }

    /// `key: value` between braces.
    pub(super) fn pair(&self, key: &NewText, value: &NewNode) -> String {
        let (key, explicit) = self.key(key, ScalarContext::Flow);
        let question = if explicit { "? " } else { "" };
        let colon = if explicit { " :" } else { ":" };
        format!("{question}{key}{colon} {}", self.inline(value, ScalarContext::Flow, None))
    }

    /// A string on one line, in the style of what it replaces, or plain, or in the quotes of the file.
    pub(super) fn scalar(
        &self,
        text: &NewText,
        context: ScalarContext,
        instead_of: Option<ScalarStyle>,
    ) -> String {
        if self.formatting.json {
            return if text.source.is_none() || text.value(self.tree).is_string() {
                double_quoted(&text.text)
            } else {
                text.text.clone()
            };
        }
        if let Some(source) = self.copied(text, context) {
            return source;
        }
        let quotes = match instead_of {
            Some(ScalarStyle::Double) => Some(true),
            Some(ScalarStyle::Single) => Some(false),
            _ if plain_fits(&text.text, context == ScalarContext::Flow) => None,
            _ => Some(self.formatting.double),
        };
        match quotes {
            None => text.text.clone(),
            Some(true) => double_quoted(&text.text),
            Some(false) => single_quoted(&text.text).unwrap_or_else(|| double_quoted(&text.text)),
        }
    }

    /// The source of a copied scalar, if it can be written here as it is.
    fn copied(&self, text: &NewText, context: ScalarContext) -> Option<String> {
        let id = text.source?;
        let source = self.tree.source(id);
        let fits = match self.tree.nodes[id].style()? {
            ScalarStyle::Plain => {
                context == ScalarContext::Block || !source.contains([',', '[', ']', '{', '}'])
            }
            ScalarStyle::Single | ScalarStyle::Double => true,
            ScalarStyle::Literal | ScalarStyle::Folded => false,
        };
        (fits && !source.contains(['\n', '\r'])).then(|| source.to_owned())
    }

    /// A key, and whether it needs `? `: keys of more than 1,024 characters, or of several lines.
    pub(super) fn key(&self, key: &NewText, context: ScalarContext) -> (String, bool) {
        let mut text = self.scalar(key, context, None);
        if key.source.is_none() && text.contains(['\n', '\r']) {
            text = double_quoted(&key.text);
        }
        let explicit = text.chars().count() > 1000;
        (text, explicit)
    }

    /// A collection from the current column on, its further lines indented by `column`:
    ///
    /// ```yaml
    /// name: A
    /// ports:
    ///   - 80
    /// ```
    pub(super) fn block(&self, out: &mut String, value: &NewNode, column: usize) {
        match value {
            NewNode::Mapping(map) if !map.is_empty() => {
                for (index, (key, value)) in map.iter().enumerate() {
                    if index > 0 {
                        self.new_line(out, column);
                    }
                    self.entry(out, key, value, column);
                }
            }
            NewNode::Sequence(list) if !list.is_empty() => {
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        self.new_line(out, column);
                    }
                    self.item(out, item, column, 2);
                }
            }
            other => out.push_str(&self.inline(other, ScalarContext::Block, None)),
        }
    }

    /// `key: value` at a column; a collection with entries begins on the next line.
    pub(super) fn entry(&self, out: &mut String, key: &NewText, value: &NewNode, column: usize) {
        let (key, explicit) = self.key(key, ScalarContext::Block);
        if explicit {
            out.push_str("? ");
            out.push_str(&key);
            self.new_line(out, column);
            out.push(':');
        } else {
            out.push_str(&key);
            out.push(':');
        }
        match value {
            NewNode::Mapping(map) if !map.is_empty() => {
                self.new_line(out, column + self.formatting.step);
                self.block(out, value, column + self.formatting.step);
            }
            NewNode::Sequence(list) if !list.is_empty() => {
                self.new_line(out, column + self.formatting.dash);
                self.block(out, value, column + self.formatting.dash);
            }
            _ => {
                out.push(' ');
                self.value(out, value, column + self.formatting.step, None);
            }
        }
    }

    /// `- item` at a column; the content of a collection begins `gap` columns after the dash.
    pub(super) fn item(&self, out: &mut String, item: &NewNode, column: usize, gap: usize) {
        out.push('-');
        let gap = if item.is_full_collection() { gap.max(2) } else { 2 };
        out.push_str(&" ".repeat(gap - 1));
        if item.is_full_collection() {
            self.block(out, item, column + gap);
        } else {
            self.value(out, item, column + 2, None);
        }
    }

    /// A scalar or an empty collection; lines of a block scalar are indented by `column`.
    fn value(&self, out: &mut String, value: &NewNode, column: usize, instead_of: Option<ScalarStyle>) {
        match self.block_text(value) {
            Some(text) => {
                out.push_str(&text.header);
                self.block_lines(out, &text.lines, column);
            }
            None => out.push_str(&self.inline(value, ScalarContext::Block, instead_of)),
        }
    }

    /// The lines of a block scalar, each on a new line at a column.
    pub(super) fn block_lines(&self, out: &mut String, lines: &[String], column: usize) {
        for line in lines {
            if line.is_empty() {
                out.push_str(self.line_break);
            } else {
                self.new_line(out, column);
                out.push_str(line);
            }
        }
    }

    /// The value as a literal block scalar; `None` if it is not a text of several lines.
    pub(super) fn block_text(&self, value: &NewNode) -> Option<BlockText> {
        let NewNode::Text(text) = value else { return None };
        if self.formatting.json || self.copied(text, ScalarContext::Block).is_some() {
            return None;
        }
        self.literal(&text.text)
    }

    /// A text of several lines as a literal block scalar; `None` if it would not be read back everywhere.
    pub(super) fn literal(&self, text: &str) -> Option<BlockText> {
        if !self.formatting.ended && text.ends_with('\n') {
            return None;
        }
        literal(text)
    }

    /// A line break and the indentation of the next line.
    fn new_line(&self, out: &mut String, column: usize) {
        out.push_str(self.line_break);
        out.push_str(&" ".repeat(column));
    }
}
