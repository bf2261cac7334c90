//! New values as text: in a block, in brackets, as JSON.

use super::fresh::{Fresh, Text};
use super::scalar::{double_quoted, is_printable, number, plain_fits, single_quoted};
use super::style::Habits;
use super::tree::{Style, Tree};

/// Writes values in a file's habits.
pub(super) struct Writer<'a, 't> {
    pub tree: &'a Tree<'t>,
    pub habits: Habits<'t>,
    /// The line break to use here.
    pub line_break: &'t str,
}

/// Where a scalar goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Block,
    Flow,
}

/// The lines of a block scalar, without indentation, and its header.
pub(super) struct BlockText {
    pub header: String,
    /// Ends without the last line break.
    pub lines: Vec<String>,
}

impl Writer<'_, '_> {
    /// A value on one line.
    pub fn inline(&self, fresh: &Fresh, context: Context, instead_of: Option<Style>) -> String {
        match fresh {
            Fresh::Null => "null".to_owned(),
            Fresh::Bool(value) => value.to_string(),
            Fresh::Number(value) => number(value),
            Fresh::Text(text) => self.scalar(text, context, instead_of),
            Fresh::List(list) => {
                let items: Vec<String> =
                    list.iter().map(|item| self.inline(item, Context::Flow, None)).collect();
                format!("[{}]", items.join(", "))
            }
            Fresh::Map(map) if map.is_empty() => "{}".to_owned(),
            Fresh::Map(map) => {
                let pairs: Vec<String> = map.iter().map(|(key, value)| self.pair(key, value)).collect();
                if self.habits.json {
                    format!("{{{}}}", pairs.join(", "))
                } else {
                    format!("{{ {} }}", pairs.join(", "))
                }
            }
        }
    }

    /// `key: value` between braces.
    pub fn pair(&self, key: &Text, value: &Fresh) -> String {
        let (key, explicit) = self.key(key, Context::Flow);
        let question = if explicit { "? " } else { "" };
        let colon = if explicit { " :" } else { ":" };
        format!("{question}{key}{colon} {}", self.inline(value, Context::Flow, None))
    }

    /// A string on one line, in the style of what it replaces, or plain, or in the quotes of the file.
    pub fn scalar(&self, text: &Text, context: Context, instead_of: Option<Style>) -> String {
        if self.habits.json {
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
            Some(Style::Double) => Some(true),
            Some(Style::Single) => Some(false),
            _ if plain_fits(&text.text, context == Context::Flow) => None,
            _ => Some(self.habits.double),
        };
        match quotes {
            None => text.text.clone(),
            Some(true) => double_quoted(&text.text),
            Some(false) => single_quoted(&text.text).unwrap_or_else(|| double_quoted(&text.text)),
        }
    }

    /// The source of a copied scalar, where it can stand here as it is.
    fn copied(&self, text: &Text, context: Context) -> Option<String> {
        let id = text.source?;
        let source = self.tree.source(id);
        let fits = match self.tree.nodes[id].style()? {
            Style::Plain => context == Context::Block || !source.contains([',', '[', ']', '{', '}']),
            Style::Single | Style::Double => true,
            Style::Literal | Style::Folded => false,
        };
        (fits && !source.contains(['\n', '\r'])).then(|| source.to_owned())
    }

    /// A key, and whether it needs `? `: keys of more than 1,024 characters, or of several lines.
    pub fn key(&self, key: &Text, context: Context) -> (String, bool) {
        let mut text = self.scalar(key, context, None);
        if key.source.is_none() && text.contains(['\n', '\r']) {
            text = double_quoted(&key.text);
        }
        let explicit = text.chars().count() > 1000;
        (text, explicit)
    }

    /// A collection, or an entry's value, from the current column on; further lines are indented by `column`.
    pub fn block(&self, out: &mut String, fresh: &Fresh, column: usize) {
        match fresh {
            Fresh::Map(map) if !map.is_empty() => {
                for (index, (key, value)) in map.iter().enumerate() {
                    if index > 0 {
                        self.new_line(out, column);
                    }
                    self.entry(out, key, value, column);
                }
            }
            Fresh::List(list) if !list.is_empty() => {
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        self.new_line(out, column);
                    }
                    self.item(out, item, column, 2);
                }
            }
            other => out.push_str(&self.inline(other, Context::Block, None)),
        }
    }

    /// `key: value` at a column.
    pub fn entry(&self, out: &mut String, key: &Text, value: &Fresh, column: usize) {
        let (key, explicit) = self.key(key, Context::Block);
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
            Fresh::Map(map) if !map.is_empty() => {
                self.new_line(out, column + self.habits.step);
                self.block(out, value, column + self.habits.step);
            }
            Fresh::List(list) if !list.is_empty() => {
                self.new_line(out, column + self.habits.dash);
                self.block(out, value, column + self.habits.dash);
            }
            _ => {
                out.push(' ');
                self.value(out, value, column + self.habits.step, None);
            }
        }
    }

    /// `- item` at a column; the item's content is `gap` columns behind the dash.
    pub fn item(&self, out: &mut String, item: &Fresh, column: usize, gap: usize) {
        out.push('-');
        let gap = if item.is_full_collection() { gap.max(2) } else { 2 };
        out.push_str(&" ".repeat(gap - 1));
        if item.is_full_collection() {
            self.block(out, item, column + gap);
        } else {
            self.value(out, item, column + 2, None);
        }
    }

    /// A scalar or an empty collection; lines of a block scalar stand at `column`.
    fn value(&self, out: &mut String, fresh: &Fresh, column: usize, instead_of: Option<Style>) {
        match self.block_text(fresh) {
            Some(text) => {
                out.push_str(&text.header);
                self.block_lines(out, &text.lines, column);
            }
            None => out.push_str(&self.inline(fresh, Context::Block, instead_of)),
        }
    }

    /// The lines of a block scalar, each on a new line at a column.
    pub fn block_lines(&self, out: &mut String, lines: &[String], column: usize) {
        for line in lines {
            if line.is_empty() {
                out.push_str(self.line_break);
            } else {
                self.new_line(out, column);
                out.push_str(line);
            }
        }
    }

    /// The value as a literal block scalar; `None` where it is no text of lines.
    pub fn block_text(&self, fresh: &Fresh) -> Option<BlockText> {
        let Fresh::Text(text) = fresh else { return None };
        if self.habits.json || self.copied(text, Context::Block).is_some() {
            return None;
        }
        self.literal(&text.text)
    }

    /// A text of several lines as a literal block scalar, where the file can hold one.
    pub fn literal(&self, text: &str) -> Option<BlockText> {
        if !self.habits.ended && text.ends_with('\n') {
            return None;
        }
        literal(text)
    }

    fn new_line(&self, out: &mut String, column: usize) {
        out.push_str(self.line_break);
        out.push_str(&" ".repeat(column));
    }
}

/// A text of several lines as a literal block scalar; `None` where quotes are safer.
pub(super) fn literal(text: &str) -> Option<BlockText> {
    let body = text.trim_end_matches('\n');
    if !text.contains('\n') || body.is_empty() {
        return None;
    }
    let lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    let first = lines.iter().find(|line| !line.is_empty())?;
    // Leading blanks would need an indentation indicator; blanks alone, or other breaks, are lost on some reader.
    let awkward = first.starts_with([' ', '\t'])
        || lines.iter().any(|line| line.trim_matches([' ', '\t']).is_empty() && !line.is_empty())
        || !body.chars().all(|character| character == '\n' || is_printable(character))
        || lines[0].is_empty();
    if awkward {
        return None;
    }
    let trailing = text.len() - body.len();
    let chomp = match trailing {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let mut lines = lines;
    lines.extend((1..trailing).map(|_| String::new()));
    Some(BlockText { header: format!("|{chomp}"), lines })
}
