//! A new value in the place of a node.
//!
//! The examples replace the value of `key`; `⏎` marks an insertion at the end of a line.

use super::super::edit_tree::new_node::{NewNode, NewText};
use super::super::read::block_scalar::header_length;
use super::super::read::lines::{
    begins_line, break_at, column, line_end, line_start, skip_blanks, skip_blanks_back,
};
use super::super::read::scalar::is_timestamp;
use super::super::read::span_tree::{Node, NodeIndex, NodeKind, ScalarStyle};
use super::super::refusal::YamlRefusal;
use super::block_scalar;
use super::literal::BlockText;
use super::plan::{Site, SiteKind, SplicePlan};
use super::text::ScalarContext;

/// Writes a value in the place of a node. The node's anchor stays, its tag goes.
pub(super) fn replace(
    plan: &mut SplicePlan<'_, '_>,
    id: NodeIndex,
    value: &NewNode,
    site: Site,
) -> Result<(), YamlRefusal> {
    let lead = plan.content_start(id, site);
    let node = &plan.tree.nodes[id];
    Replacement { plan, id, node, value, site, keeps_tag: false, lead }.write()
}

/// Writes a collection in the place of one of the same kind, all of whose entries go. Its anchor and its tag stay.
pub(super) fn replace_entries(
    plan: &mut SplicePlan<'_, '_>,
    id: NodeIndex,
    value: &NewNode,
    site: Site,
) -> Result<(), YamlRefusal> {
    let node = &plan.tree.nodes[id];
    let after_tag = node.tag.as_ref().map_or(0, |tag| tag.span.end);
    let lead = plan.content_start(id, site).max(after_tag);
    Replacement { plan, id, node, value, site, keeps_tag: true, lead }.write()
}

/// One replacement.
struct Replacement<'p, 'a, 't> {
    plan: &'p mut SplicePlan<'a, 't>,
    id: NodeIndex,
    node: &'a Node<'t>,
    value: &'p NewNode,
    site: Site,
    keeps_tag: bool,
    /// The end of what stays before the content.
    lead: usize,
}

impl<'a> Replacement<'_, 'a, '_> {
    fn text(&self) -> &'a str {
        self.plan.text
    }

    /// Chooses how the value is written.
    fn write(&mut self) -> Result<(), YamlRefusal> {
        if self.site.flow {
            self.write_between_brackets();
            return Ok(());
        }
        if self.value.is_full_collection() && (!self.node.is_flow_collection() || self.is_bare_brackets()) {
            return self.write_block_collection();
        }
        if let NewNode::Text(text) = self.value {
            if self.rewrite_block_scalar(text) {
                return Ok(());
            }
            if let Some(block) = self.literal(text) {
                self.write_literal(&block);
                return Ok(());
            }
        }
        self.write_on_one_line();
        Ok(())
    }

    /// Between brackets, everything is written on one line.
    ///
    /// ```yaml
    /// {key: 'one'}
    /// ```
    ///
    /// ```yaml
    /// {key: 'two'}
    /// ```
    fn write_between_brackets(&mut self) {
        self.drop_tag();
        let text = self.plan.writer().inline(self.value, ScalarContext::Flow, self.node.style());
        self.put_inline(&text);
    }

    /// A scalar or an empty collection, in the quotes of the scalar that it replaces; also a collection in brackets
    /// in the place of one. A plain timestamp stays plain, since our readers take it for a string.
    ///
    /// ```yaml
    /// key: 'one'   # comment
    /// ```
    ///
    /// ```yaml
    /// key: 'two'   # comment
    /// ```
    fn write_on_one_line(&mut self) {
        let text = match (self.value, &self.node.kind) {
            (NewNode::Text(text), NodeKind::Scalar { value, style: ScalarStyle::Plain })
                if is_timestamp(value) && is_timestamp(&text.text) && text.source.is_none() =>
            {
                text.text.clone()
            }
            _ => self.plan.writer().inline(self.value, ScalarContext::Block, self.node.style()),
        };
        self.drop_tag();
        self.put_inline(&text);
    }

    /// A text in the place of a block scalar: the lines that are the same stay. `false` if it cannot be one.
    ///
    /// ```yaml
    /// key: |
    ///   one
    ///   two
    /// ```
    ///
    /// ```yaml
    /// key: |
    ///   one
    ///   three
    /// ```
    fn rewrite_block_scalar(&mut self, text: &NewText) -> bool {
        let may_stay = text.text.contains('\n') || self.node.style() == Some(ScalarStyle::Folded);
        if !self.node.is_block_scalar() || !may_stay {
            return false;
        }
        let rewritten = block_scalar::rewrite(self.plan, self.id, &text.text);
        if rewritten {
            self.drop_tag();
        }
        rewritten
    }

    /// The text as a literal block scalar, unless it replaces a double-quoted one or the document is JSON.
    fn literal(&self, text: &NewText) -> Option<BlockText> {
        if self.node.style() == Some(ScalarStyle::Double) || self.plan.formatting.json {
            return None;
        }
        self.plan.writer().literal(&text.text)
    }

    /// A text of several lines in the place of another node.
    ///
    /// ```yaml
    /// key: one   # comment
    /// ```
    ///
    /// ```yaml
    /// key: |   # comment
    ///   one
    ///   two
    /// ```
    fn write_literal(&mut self, block: &BlockText) {
        self.drop_tag();
        self.put_inline(&block.header);
        let end = line_end(self.text(), if self.node.is_empty() { self.lead } else { self.node.span.end });
        let step = self.plan.formatting.step;
        let indent = match (self.site.column, self.site.kind) {
            (None, _) => step,
            (Some(column), SiteKind::Item) => column + 2,
            (Some(column), _) => column + step,
        };
        let mut lines = String::new();
        self.plan.writer_with(break_at(self.text(), end)).block_lines(&mut lines, &block.lines, indent);
        self.plan.insert(end, lines);
    }

    /// Removes a tag that is not within the bytes that are exchanged for the value.
    ///
    /// ```yaml
    /// key: !!str 1
    /// ```
    ///
    /// ```yaml
    /// key: two
    /// ```
    fn drop_tag(&mut self) {
        let Some(tag) = self.node.tag.as_ref().filter(|_| !self.keeps_tag) else { return };
        if self.node.is_block_collection() && tag.span.start >= self.lead {
            return;
        }
        let before = skip_blanks_back(self.text(), tag.span.start);
        let range = if before < tag.span.start && before > line_start(self.text(), before) {
            before..tag.span.end
        } else {
            tag.span.start..skip_blanks(self.text(), tag.span.end)
        };
        self.plan.remove(range);
    }

    /// One line of text in the place of the node.
    fn put_inline(&mut self, text: &str) {
        if self.node.is_empty() {
            self.fill_empty(text);
        } else if self.node.is_block_scalar() {
            self.plan.exchange(self.header(), text);
            self.remove_block_scalar_lines();
        } else if self.node.is_block_collection() {
            self.put_over_block_collection(text);
        } else {
            self.plan.exchange(self.node.span.clone(), text);
        }
    }

    /// One line of text where the node is empty.
    ///
    /// ```yaml
    /// key:
    /// ? other
    /// ```
    ///
    /// ```yaml
    /// key: text
    /// ? other
    /// : text
    /// ```
    fn fill_empty(&mut self, text: &str) {
        let at = self.node.tag.as_ref().map_or(self.lead, |tag| tag.span.end.max(self.lead));
        let new = match self.site.kind {
            SiteKind::KeyOnly if self.site.flow => format!(": {text}"),
            SiteKind::KeyOnly => {
                let line_break = break_at(self.text(), line_end(self.text(), at));
                format!("{line_break}{}: {text}", " ".repeat(self.site.column.unwrap_or(0)))
            }
            SiteKind::Root if !self.plan.explicit => {
                let new = format!("{text}{}", self.plan.formatting.line_break);
                self.plan.insert(self.text().len(), new);
                return;
            }
            SiteKind::Item if self.site.flow => text.to_owned(),
            _ => format!(" {text}"),
        };
        self.plan.insert(at, new);
    }

    /// One line of text in the place of a block collection: after the indicator if there are no comments in between.
    ///
    /// ```yaml
    /// key:
    ///   a: 1
    ///   b: 2
    /// ```
    ///
    /// ```yaml
    /// key: text
    /// ```
    fn put_over_block_collection(&mut self, text: &str) {
        let span = self.node.span.clone();
        let is_root = self.site.kind == SiteKind::Root;
        let begins_line = begins_line(self.text(), span.start) && !is_root;
        let inner_tag = self.node.tag.as_ref().filter(|tag| tag.span.start >= self.lead);
        if (begins_line || inner_tag.is_some())
            && self.plan.tree.comments_in(self.lead..span.start).is_empty()
        {
            let blank = if is_root && self.lead == 0 { "" } else { " " };
            self.plan.exchange(self.lead..span.end, format!("{blank}{text}"));
            return;
        }
        if let Some(tag) = inner_tag {
            self.plan.remove(skip_blanks_back(self.text(), tag.span.start)..tag.span.end);
        }
        let missing = self.least_column().saturating_sub(column(self.text(), span.start));
        self.plan.exchange(span, format!("{}{text}", " ".repeat(missing)));
    }

    /// A collection with entries, as a block.
    fn write_block_collection(&mut self) -> Result<(), YamlRefusal> {
        if self.site.kind == SiteKind::KeyOnly {
            return Err(self.plan.refuse(self.id, "the key has no `:`"));
        }
        if self.node.is_block_collection() {
            self.put_over_collection_of_entries();
            return Ok(());
        }
        self.drop_tag();
        if self.fits_in_place() {
            self.put_block_in_place();
        } else if self.node.is_empty() && self.site.kind == SiteKind::Root && !self.plan.explicit {
            self.append_block();
        } else {
            self.put_block_below();
        }
        Ok(())
    }

    /// A block in the place of another one: in the same column if both are mappings or both sequences.
    ///
    /// ```yaml
    /// key:
    ///     a: 1
    /// ```
    ///
    /// ```yaml
    /// key:
    ///     b: 2
    /// ```
    fn put_over_collection_of_entries(&mut self) {
        if let Some(tag) = self.node.tag.as_ref().filter(|_| !self.keeps_tag) {
            self.plan.remove(skip_blanks_back(self.text(), tag.span.start)..tag.span.end);
        }
        let old = column(self.text(), self.node.span.start);
        let is_same_kind = self.is_sequence() == matches!(self.node.kind, NodeKind::Sequence { .. });
        let new = if is_same_kind || old >= self.least_column() { old } else { self.block_column().max(old) };
        let block = self.block(new);
        self.plan.exchange(self.node.span.clone(), format!("{}{block}", " ".repeat(new - old)));
    }

    /// Whether a block can begin where the node begins, instead of on the next line.
    fn fits_in_place(&self) -> bool {
        let span = &self.node.span;
        let is_bare = self.node.anchor.is_none() && self.node.tag.is_none();
        let has_tab = self.text()[self.lead.min(span.start)..span.start].contains('\t');
        if !is_bare || has_tab || self.node.is_block_scalar() {
            return false;
        }
        let begins_line = !self.node.is_empty() && begins_line(self.text(), self.node.outer_start());
        match self.site.kind {
            SiteKind::Item => {
                !self.text()[skip_blanks(self.text(), span.end.max(self.lead))..].starts_with('#')
            }
            SiteKind::Root => begins_line,
            _ => begins_line && column(self.text(), span.start) >= self.least_column(),
        }
    }

    /// A block that begins where the node begins.
    ///
    /// ```yaml
    /// - one
    /// ```
    ///
    /// ```yaml
    /// - a: 1
    ///   b: 2
    /// ```
    fn put_block_in_place(&mut self) {
        if self.node.is_empty() {
            let block = self.block(self.block_column());
            self.plan.insert(self.lead, format!(" {block}"));
        } else {
            let block = self.block(column(self.text(), self.node.span.start));
            self.plan.exchange(self.node.span.clone(), block);
        }
    }

    /// A block at the end of a text whose document is empty.
    ///
    /// ```yaml
    /// # a comment and nothing else
    /// ```
    ///
    /// ```yaml
    /// # a comment and nothing else
    /// a: 1
    /// ```
    fn append_block(&mut self) {
        let new = format!("{}{}", self.block(0), self.line_break());
        self.plan.insert(self.text().len(), new);
    }

    /// A block on the lines after that of the key, the dash or `---`; the comment on that line stays.
    ///
    /// ```yaml
    /// key: one   # comment
    /// ```
    ///
    /// ```yaml
    /// key:   # comment
    ///   a: 1
    /// ```
    fn put_block_below(&mut self) {
        let column = self.block_column();
        let new = format!("{}{}{}", self.line_break(), " ".repeat(column), self.block(column));
        let span = self.node.span.clone();
        let mut end = line_end(self.text(), self.lead);
        if !self.node.is_empty() {
            let from = skip_blanks_back(self.text(), span.start).max(self.lead);
            if self.node.is_block_scalar() {
                self.plan.remove(from..self.header().end);
                self.remove_block_scalar_lines();
            } else {
                self.plan.remove(from..span.end);
            }
            end = line_end(self.text(), span.end);
        }
        self.plan.insert(end, new);
    }

    /// The header of a block scalar.
    fn header(&self) -> std::ops::Range<usize> {
        let start = self.node.span.start;
        start..start + header_length(&self.text()[start..])
    }

    /// Removes the lines of a block scalar below its header, and the break before them.
    fn remove_block_scalar_lines(&mut self) {
        let content = line_end(self.text(), self.node.span.start);
        if content < self.node.span.end {
            self.plan.remove(content..self.node.span.end);
        }
    }

    /// The value as a block whose further lines are indented by `column`.
    fn block(&self, column: usize) -> String {
        let mut block = String::new();
        self.plan.writer_with(self.line_break()).block(&mut block, self.value, column);
        block
    }

    /// The line break at the end of the node's last line.
    fn line_break(&self) -> &'a str {
        break_at(self.text(), line_end(self.text(), self.node.span.end.max(self.lead)))
    }

    /// The least column in which the content may be.
    fn least_column(&self) -> usize {
        self.site.column.map_or(0, |column| column + 1)
    }

    /// The column of a block that begins on a new line.
    fn block_column(&self) -> usize {
        let parent = self.site.column.unwrap_or(0);
        match self.site.kind {
            SiteKind::Root => 0,
            SiteKind::Item => parent + 2,
            SiteKind::Value | SiteKind::KeyOnly if self.is_sequence() => parent + self.plan.formatting.dash,
            SiteKind::Value | SiteKind::KeyOnly => parent + self.plan.formatting.step,
        }
    }

    fn is_sequence(&self) -> bool {
        matches!(self.value, NewNode::Sequence(_))
    }

    /// Whether a flow collection is `{}` or `[]`; such ones give way to blocks.
    fn is_bare_brackets(&self) -> bool {
        self.plan.tree.children(self.id).is_empty()
            && !self.plan.formatting.json
            && self.plan.tree.comments_in(self.node.span.clone()).is_empty()
    }
}
