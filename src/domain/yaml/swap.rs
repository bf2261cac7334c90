//! A value in the place of another one.

use std::borrow::Cow;

use super::folded;
use super::fresh::Fresh;
use super::lines::{
    begins_line, break_at, column, line_end, line_start, next_line, skip_blanks, skip_blanks_back,
};
use super::refusal::Refusal;
use super::scalar::is_timestamp;
use super::splice::{Planner, Seat, SeatKind};
use super::tree::{Kind, Node, NodeId, Style};
use super::write::{BlockText, Context, literal};

impl Planner<'_, '_> {
    /// Writes `fresh` where `node` stands.
    pub(super) fn swap(&mut self, node: NodeId, fresh: &Fresh, seat: Seat) -> Result<(), Refusal> {
        let target = &self.tree.nodes[node];
        let lead = self.lead_end(node, seat);
        if seat.flow {
            self.drop_tag(target, lead);
            let text = self.writer(self.habits.line_break).inline(fresh, Context::Flow, target.style());
            self.put_inline(node, &text, seat);
            return Ok(());
        }
        let becomes_block = !target.is_flow_collection() || self.is_bare_brackets(node);
        if fresh.is_full_collection() && becomes_block {
            return self.put_block(node, fresh, seat);
        }
        if let Fresh::Text(text) = fresh {
            let stays_block = text.text.contains('\n') || target.style() == Some(Style::Folded);
            if target.is_block_scalar() && stays_block && self.rewrite_block(node, &text.text) {
                self.drop_tag(target, lead);
                return Ok(());
            }
            if target.style() != Some(Style::Double)
                && !self.habits.json
                && let Some(block) = self.writer(self.habits.line_break).literal(&text.text)
            {
                self.drop_tag(target, lead);
                self.put_inline(node, &block.header, seat);
                let end = line_end(self.text, if target.is_empty() { lead } else { target.span.end });
                let line_break = break_at(self.text, end).to_owned();
                let mut lines = String::new();
                let indent = seat.column.map_or(self.habits.step, |column| match seat.kind {
                    SeatKind::Item => column + 2,
                    _ => column + self.habits.step,
                });
                self.writer(&line_break).block_lines(&mut lines, &block.lines, indent);
                self.splices.push((end..end, lines));
                return Ok(());
            }
        }
        let text = match (fresh, &target.kind) {
            (Fresh::Text(text), Kind::Scalar { value, style: Style::Plain })
                if is_timestamp(value) && is_timestamp(&text.text) && text.source.is_none() =>
            {
                text.text.clone()
            }
            _ => self.writer(self.habits.line_break).inline(fresh, Context::Block, target.style()),
        };
        self.drop_tag(target, lead);
        self.put_inline(node, &text, seat);
        Ok(())
    }

    /// Takes off a tag that is not inside what [`Self::put_inline`] exchanges.
    fn drop_tag(&mut self, target: &Node<'_>, lead: usize) {
        let Some(tag) = target.tag.as_ref().filter(|_| !self.keeps_tag) else { return };
        if target.is_block_collection() && tag.span.start >= lead {
            return;
        }
        let before = skip_blanks_back(self.text, tag.span.start);
        let range = if before < tag.span.start && before > line_start(self.text, before) {
            before..tag.span.end
        } else {
            tag.span.start..skip_blanks(self.text, tag.span.end)
        };
        self.splices.push((range, String::new()));
    }

    /// One line of text where the node stands.
    fn put_inline(&mut self, node: NodeId, text: &str, seat: Seat) {
        let target = &self.tree.nodes[node];
        let span = target.span.clone();
        let lead = self.lead_end(node, seat);
        if target.is_empty() {
            let at = target.tag.as_ref().map_or(lead, |tag| tag.span.end.max(lead));
            let new = match seat.kind {
                SeatKind::KeyOnly if seat.flow => format!(": {text}"),
                SeatKind::KeyOnly => {
                    let line_break = break_at(self.text, line_end(self.text, at));
                    format!("{line_break}{}: {text}", " ".repeat(seat.column.unwrap_or(0)))
                }
                SeatKind::Root if !self.explicit => {
                    let at = self.text.len();
                    let new = format!("{text}{}", self.habits.line_break);
                    self.splices.push((at..at, new));
                    return;
                }
                SeatKind::Item if seat.flow => text.to_owned(),
                _ => format!(" {text}"),
            };
            self.splices.push((at..at, new));
        } else if target.is_block_scalar() {
            let header = span.start + header_length(&self.text[span.start..]);
            self.splices.push((span.start..header, text.to_owned()));
            let content = line_end(self.text, span.start);
            if content < span.end {
                self.splices.push((content..span.end, String::new()));
            }
        } else if target.is_block_collection() {
            let apart = begins_line(self.text, span.start) && seat.kind != SeatKind::Root;
            let tag_inside = target.tag.as_ref().is_some_and(|tag| tag.span.start >= lead);
            if (apart || tag_inside) && self.tree.comments_in(lead..span.start).is_empty() {
                let blank = if seat.kind == SeatKind::Root && lead == 0 { "" } else { " " };
                self.splices.push((lead..span.end, format!("{blank}{text}")));
            } else {
                if let (true, Some(tag)) = (tag_inside, &target.tag) {
                    self.splices
                        .push((skip_blanks_back(self.text, tag.span.start)..tag.span.end, String::new()));
                }
                let short = seat.column.map_or(0, |column| column + 1);
                let missing = short.saturating_sub(column(self.text, span.start));
                self.splices.push((span, format!("{}{text}", " ".repeat(missing))));
            }
        } else {
            self.splices.push((span, text.to_owned()));
        }
    }

    /// A collection with entries, as a block.
    fn put_block(&mut self, node: NodeId, fresh: &Fresh, seat: Seat) -> Result<(), Refusal> {
        let target = &self.tree.nodes[node];
        let span = target.span.clone();
        let lead = self.lead_end(node, seat);
        let least = seat.column.map_or(0, |column| column + 1);
        let is_list = matches!(fresh, Fresh::List(_));
        let line_break = break_at(self.text, line_end(self.text, span.end.max(lead))).to_owned();
        let writer = self.writer(&line_break);
        let below = match seat.kind {
            SeatKind::Root => 0,
            SeatKind::Item => least + 1,
            SeatKind::Value | SeatKind::KeyOnly if is_list => least - 1 + self.habits.dash,
            SeatKind::Value | SeatKind::KeyOnly => least - 1 + self.habits.step,
        };
        if seat.kind == SeatKind::KeyOnly {
            return Err(self.refuse(node, "the key has no `:`"));
        }
        if target.is_block_collection() {
            self.drop_tag_of_block(node);
            let old = column(self.text, span.start);
            let same_kind = is_list == matches!(target.kind, Kind::Sequence { .. });
            let new = if same_kind || old >= least { old } else { below.max(old) };
            let mut text = " ".repeat(new - old);
            writer.block(&mut text, fresh, new);
            self.splices.push((span, text));
            return Ok(());
        }
        self.drop_tag(target, lead);
        let has_comment = self.text[skip_blanks(self.text, span.end.max(lead))..].starts_with('#');
        let bare = target.anchor.is_none() && target.tag.is_none();
        let apart = !target.is_empty() && begins_line(self.text, target.outer_start());
        let tabbed = self.text[lead.min(span.start)..span.start].contains('\t');
        let in_place = !tabbed
            && match seat.kind {
                SeatKind::Item => bare && !has_comment,
                SeatKind::Root => apart && bare,
                _ => apart && bare && column(self.text, span.start) >= least,
            };
        if in_place && !target.is_block_scalar() {
            let at = if target.is_empty() { below } else { column(self.text, span.start) };
            let mut text = if target.is_empty() { " ".to_owned() } else { String::new() };
            writer.block(&mut text, fresh, at);
            let range = if target.is_empty() { lead..lead } else { span };
            self.splices.push((range, text));
            return Ok(());
        }
        let mut text = format!("{line_break}{}", " ".repeat(below));
        writer.block(&mut text, fresh, below);
        if target.is_empty() && seat.kind == SeatKind::Root && !self.explicit {
            let at = self.text.len();
            let mut text = String::new();
            writer.block(&mut text, fresh, 0);
            text.push_str(&line_break);
            self.splices.push((at..at, text));
            return Ok(());
        }
        let mut end = line_end(self.text, lead);
        if !target.is_empty() {
            let from = skip_blanks_back(self.text, span.start).max(lead);
            if target.is_block_scalar() {
                self.splices
                    .push((from..span.start + header_length(&self.text[span.start..]), String::new()));
                let content = line_end(self.text, span.start);
                if content < span.end {
                    self.splices.push((content..span.end, String::new()));
                }
            } else {
                self.splices.push((from..span.end, String::new()));
            }
            end = line_end(self.text, span.end);
        }
        self.splices.push((end..end, text));
        Ok(())
    }

    fn drop_tag_of_block(&mut self, node: NodeId) {
        if let Some(tag) = self.tree.nodes[node].tag.as_ref().filter(|_| !self.keeps_tag) {
            self.splices.push((skip_blanks_back(self.text, tag.span.start)..tag.span.end, String::new()));
        }
    }

    /// Whether a flow collection is `{}` or `[]` outside of brackets; such ones give way to blocks.
    fn is_bare_brackets(&self, node: NodeId) -> bool {
        let empty = self.tree.children(node).is_empty();
        empty && !self.habits.json && self.tree.comments_in(self.tree.nodes[node].span.clone()).is_empty()
    }

    /// A block scalar with another text of lines: the lines that are the same stay. `false` where it cannot be one.
    fn rewrite_block(&mut self, node: NodeId, text: &str) -> bool {
        let target = &self.tree.nodes[node];
        let span = target.span.clone();
        let header_end = span.start + header_length(&self.text[span.start..]);
        let header = &self.text[span.start..header_end];
        let Some(BlockText { header: new_header, mut lines }) = self.block_like(node, header, text) else {
            return false;
        };
        let body = next_line(self.text, span.start);
        let old = if body < span.end { &self.text[body..span.end] } else { "" };
        let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let first = |text: &str| text.lines().find(|line| !line.trim().is_empty()).map(blanks);
        let Some(shown) = first(old) else { return false };
        let Some(indent) = shown.checked_sub(self.tree.scalar(node).and_then(first).unwrap_or(0)) else {
            return false;
        };
        if header.starts_with('>') {
            let dedented = old.lines().map(|line| line.get(indent..).unwrap_or_default());
            lines = folded::keep_breaks(&dedented.collect::<Vec<_>>(), lines);
        }
        if new_header != header {
            self.splices.push((span.start..header_end, new_header));
        }
        let line_break = break_at(self.text, line_end(self.text, span.start)).to_owned();
        // The lines of the old content with their offsets.
        let mut at = body;
        let mut olds = Vec::new();
        while at <= span.end
            && at < self.text.len()
            && (olds.is_empty() || at < span.end || line_end(self.text, at) == span.end)
        {
            let end = line_end(self.text, at).min(span.end);
            olds.push(at..end);
            at = next_line(self.text, at);
        }
        let pad = " ".repeat(indent);
        let news: Vec<String> = lines
            .iter()
            .map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") })
            .collect();
        let equal = |old: &std::ops::Range<usize>, new: &String| {
            let old = &self.text[old.clone()];
            old == new || (new.is_empty() && old.len() <= indent && old.bytes().all(|byte| byte == b' '))
        };
        let shorter = olds.len().min(news.len());
        let head = (0..shorter).take_while(|&index| equal(&olds[index], &news[index])).count();
        let tail = (0..shorter - head)
            .take_while(|&index| equal(&olds[olds.len() - 1 - index], &news[news.len() - 1 - index]))
            .count();
        let middle = &news[head..news.len() - tail];
        let gone = &olds[head..olds.len() - tail];
        let joined = middle.join(&line_break);
        match (gone.first(), gone.last()) {
            (Some(first), Some(last)) if !middle.is_empty() => {
                self.splices.push((first.start..last.end, joined))
            }
            (Some(first), Some(_)) => {
                let range = match olds.get(olds.len() - tail) {
                    Some(next) if tail > 0 => first.start..next.start,
                    _ => olds[head - 1].end..span.end,
                };
                self.splices.push((range, String::new()));
            }
            _ if middle.is_empty() => {}
            _ => match olds.get(head) {
                Some(next) => self.splices.push((next.start..next.start, format!("{joined}{line_break}"))),
                None => self.splices.push((span.end..span.end, format!("{line_break}{joined}"))),
            },
        }
        true
    }
}

impl Planner<'_, '_> {
    /// The text as a block scalar of the same kind, with as much of the header as can stay.
    fn block_like(&self, node: NodeId, header: &str, text: &str) -> Option<BlockText> {
        let digit: String = header.chars().filter(char::is_ascii_digit).collect();
        let trailing = text.len() - text.trim_end_matches('\n').len();
        let is_folded = header.starts_with('>');
        // A folded text may well be one line without an end.
        let whole = if is_folded && trailing == 0 { format!("{text}\n").into() } else { Cow::Borrowed(text) };
        let lines = match literal(&whole) {
            Some(_) if is_folded => folded::encode(text)?,
            Some(block) => block.lines,
            // Behind an indentation indicator, lines may begin with blanks.
            None if !digit.is_empty() && header.starts_with('|') => {
                literal(&format!("x\n{text}"))?.lines.split_off(1)
            }
            None => return None,
        };
        let chomp = match trailing {
            0 => "-",
            // At the end of a text without a final line break, some readers add one and others do not.
            _ if self.tree.unended == Some(node) => return None,
            1 if header.contains('+') => "+",
            1 => "",
            _ => "+",
        };
        let stays = header.contains('-') == (chomp == "-") && header.contains('+') == (chomp == "+");
        let header = if stays { header.to_owned() } else { format!("{}{digit}{chomp}", &header[..1]) };
        Some(BlockText { header, lines })
    }
}

/// The length of a block scalar's header: `|`, `>` and the indicators behind it.
fn header_length(text: &str) -> usize {
    1 + text.bytes().skip(1).take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')).count()
}
