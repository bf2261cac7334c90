//! The raw HTML of a comment: which elements are open at a place of the rendered page.
//!
//! Markdown passes HTML through, so a tag in one paragraph can quote, fold away or hide those after it. Tags are read
//! as HTML5 tokenizes them, not as Markdown does. The tree is simpler than HTML5's and fails closed: elements that are
//! closed in reverse order, each in the block that opened it, leave nothing behind; after anything else
//! [`OpenElements::state`] is never again [`HtmlState::Clean`] in the same comment.

use super::element::{Role, hides, role};
use super::tag::{HtmlToken, Tokens};

/// What the HTML before a place does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlState {
    /// Nothing.
    Clean,
    /// It is inside an element, or may be: the line of the tag.
    Unclear { line: usize },
    /// It is not shown, or shown as a quote, as code, folded away or struck out.
    Hidden,
}

/// Where a piece of HTML is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlPlace {
    /// In an HTML block.
    Block,
    /// In the text of a paragraph, heading or table cell.
    Inline,
    /// The same, first on its line in a list or quote, where cmark may see an HTML block outside of it.
    LineStart,
}

/// The elements that are open after the pieces of HTML that were read.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    open: Vec<Element>,
    /// How many of them hide what is inside.
    hiding: usize,
    /// How many of them are `<a>`.
    links: usize,
    /// The line of the first tag after which the tree is not known.
    broken: Option<usize>,
    /// A comment or a quoted attribute that is never closed: what follows belongs to it.
    swallowing: Option<Swallower>,
    /// Bytes read and elements visited.
    pub work: usize,
}

#[derive(Debug)]
struct Element {
    name: String,
    role: Role,
    hides: bool,
    /// How many Markdown elements were open around it.
    depth: usize,
    line: usize,
    place: HtmlPlace,
}

impl Element {
    /// Whether the end tag that Markdown writes for the element around it closes this one, too, for good.
    fn ends_with_its_parent(&self) -> bool {
        self.role == Role::Ordinary && !self.hides && self.place != HtmlPlace::LineStart
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swallower {
    Comment,
    AttributeValue,
}

/// A piece of HTML.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub place: HtmlPlace,
    /// How many Markdown elements are open around it.
    pub depth: usize,
    /// The line of the comment, from 1.
    pub line: usize,
}

/// How many elements may be left open inside one for its end tag to find it.
const DEEPEST_SEARCH: usize = 64;

impl OpenElements {
    /// What the HTML so far does to the text that follows.
    pub(super) fn state(&self) -> HtmlState {
        if self.swallowing.is_some() || self.hiding > 0 {
            return HtmlState::Hidden;
        }
        match self.broken.or_else(|| self.open.last().map(|element| element.line)) {
            Some(line) => HtmlState::Unclear { line },
            None => HtmlState::Clean,
        }
    }

    /// Reads the next piece, in the order of the comment. Answers where in it a visible line of a paragraph or list item
    /// begins with a slash.
    pub(super) fn read(&mut self, piece: Piece<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        self.work += piece.text.len();
        let mut text = piece.text;
        match self.swallowing {
            Some(Swallower::AttributeValue) => return found,
            Some(Swallower::Comment) => {
                let Some(rest) = Tokens::after_comment(text) else { return found };
                self.swallowing = None;
                // What Markdown wrote meanwhile, ends of elements among it, was part of the comment.
                self.break_at(piece.line);
                text = rest;
            }
            None => {}
        }
        let mut tokens = Tokens::new(text);
        let mut blank = true;
        while let Some(token) = tokens.next() {
            match token {
                HtmlToken::Text(text) => {
                    let start = piece.text.len() - tokens.rest().len() - text.len();
                    let slashes = lines_with_slash(text, &mut blank);
                    if self.is_visible_paragraph() {
                        found.extend(slashes.into_iter().map(|at| start + at));
                    }
                }
                HtmlToken::Start(name) => blank |= self.start(&name.to_ascii_lowercase(), piece),
                HtmlToken::End(name) => blank |= self.end(&name.to_ascii_lowercase(), piece),
                HtmlToken::UnclosedComment => self.swallowing = Some(Swallower::Comment),
                HtmlToken::UnclosedValue => self.swallowing = Some(Swallower::AttributeValue),
                // In a block, Markdown passes any comment through as it is.
                HtmlToken::DashedComment if piece.place == HtmlPlace::Block => {}
                HtmlToken::UnclosedTag | HtmlToken::Unusual | HtmlToken::DashedComment => {
                    self.break_at(piece.line)
                }
            }
        }
        found
    }

    /// Whether text at this place is seen as that of a paragraph or list item, by the innermost block around it.
    fn is_visible_paragraph(&self) -> bool {
        let innermost =
            self.open.iter().rev().take(DEEPEST_SEARCH).find(|element| element.role == Role::Block);
        self.state() != HtmlState::Hidden
            && innermost.is_some_and(|block| matches!(block.name.as_str(), "p" | "li"))
    }

    /// A Markdown element ends, and `depth` others remain open.
    pub(super) fn leave(&mut self, depth: usize) {
        let from = self.open.iter().rposition(|element| element.depth <= depth).map_or(0, |last| last + 1);
        let mut living = Vec::new();
        while self.open.len() > from {
            let Some(mut element) = self.pop() else { break };
            // The end tag that Markdown writes closes an element without a role of its own, and blocks. Formatting is
            // opened again behind it.
            if !element.ends_with_its_parent() {
                self.break_at(element.line);
            }
            if element.role == Role::Formatting {
                element.depth = 0;
                living.push(element);
            }
        }
        living.into_iter().rev().for_each(|element| self.push(element));
    }

    /// Whether a new line begins behind the tag; so [`Self::end`].
    fn start(&mut self, name: &str, piece: Piece<'_>) -> bool {
        let kind = role(name);
        let in_text = piece.place != HtmlPlace::Block;
        // A block ends the paragraph that it is in. A link inside a link closes the outer one and comes out as two.
        let breaks = kind == Role::Special
            || (in_text && matches!(kind, Role::Block | Role::Rule))
            || (name == "a" && self.links > 0);
        if breaks {
            self.break_at(piece.line);
        }
        if !matches!(kind, Role::Void | Role::Rule) {
            self.push(Element {
                name: name.to_owned(),
                role: kind,
                hides: hides(name),
                depth: piece.depth,
                line: piece.line,
                place: piece.place,
            });
        }
        matches!(kind, Role::Block | Role::Rule) || name == "br"
    }

    fn end(&mut self, name: &str, piece: Piece<'_>) -> bool {
        let kind = role(name);
        // Nearly always the innermost one; the bound keeps hostile comments linear.
        let above = self.open.iter().rev().take(DEEPEST_SEARCH).position(|element| element.name == name);
        self.work += above.unwrap_or(DEEPEST_SEARCH.min(self.open.len()));
        let breaks = match above {
            None => kind != Role::Ordinary || hides(name),
            Some(above) => {
                let cut = self.open.len() - above - 1;
                let (own, inner) = (&self.open[cut], &self.open[cut + 1..]);
                own.depth != piece.depth
                    || inner.iter().any(|one| one.depth != piece.depth || !one.ends_with_its_parent())
            }
        };
        if breaks {
            self.break_at(piece.line);
        }
        for _ in 0..above.map_or(0, |above| above + 1) {
            self.pop();
        }
        kind == Role::Block
    }

    fn push(&mut self, element: Element) {
        self.links += usize::from(element.name == "a");
        self.hiding += usize::from(element.hides);
        self.open.push(element);
    }

    fn pop(&mut self) -> Option<Element> {
        let element = self.open.pop()?;
        self.links -= usize::from(element.name == "a");
        self.hiding -= usize::from(element.hides);
        Some(element)
    }

    /// Another parser may see a tag in this line.
    pub(super) fn distrust(&mut self, line: usize) {
        self.break_at(line);
    }

    fn break_at(&mut self, line: usize) {
        self.broken.get_or_insert(line);
    }
}

/// Where lines of a text begin with a slash. `blank` is whether its first line has nothing visible before it, and then
/// whether its last line has nothing visible.
fn lines_with_slash(text: &str, blank: &mut bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let visible = line.trim_start();
        if *blank && visible.starts_with('/') {
            found.push(start + line.len() - visible.len());
        }
        *blank = line.ends_with('\n') || (*blank && visible.is_empty());
        start += line.len();
    }
    found
}
