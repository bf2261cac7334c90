//! A block scalar with another text: the header and the lines that are the same stay.

use std::borrow::Cow;
use std::ops::Range;

use super::super::read::block_scalar::header_length;
use super::super::read::lines::{break_at, line_end, next_line};
use super::super::read::span_tree::NodeIndex;
use super::folded;
use super::literal::{BlockText, literal};
use super::plan::SplicePlan;

/// Writes a text in the place of that of a block scalar. `false` if it cannot be one of the same kind.
pub(super) fn rewrite(plan: &mut SplicePlan<'_, '_>, node: NodeIndex, text: &str) -> bool {
    let span = plan.tree.nodes[node].span.clone();
    let header_end = span.start + header_length(&plan.text[span.start..]);
    let header = &plan.text[span.start..header_end];
    let Some(mut new) = block_like(plan, node, header, text) else { return false };
    let Some(indent) = indentation(plan, node) else { return false };
    if header.starts_with('>') {
        let dedented = body(plan, node).lines().map(|line| line.get(indent..).unwrap_or_default());
        new.lines = folded::keep_breaks(&dedented.collect::<Vec<_>>(), new.lines);
    }
    if new.header != header {
        plan.exchange(span.start..header_end, new.header);
    }
    exchange_lines(plan, &span, indent, &new.lines);
    true
}

/// The lines below the header.
fn body<'a>(plan: &SplicePlan<'a, '_>, node: NodeIndex) -> &'a str {
    let span = &plan.tree.nodes[node].span;
    let start = next_line(plan.text, span.start);
    if start < span.end { &plan.text[start..span.end] } else { "" }
}

/// By how many columns the lines are indented; `None` if all are blank.
fn indentation(plan: &SplicePlan<'_, '_>, node: NodeIndex) -> Option<usize> {
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let first = |text: &str| text.lines().find(|line| !line.trim().is_empty()).map(blanks);
    first(body(plan, node))?.checked_sub(plan.tree.scalar(node).and_then(first).unwrap_or(0))
}

/// Exchanges the lines between those that are the same at the beginning and at the end.
///
/// ```yaml
/// |
///   one
///   two
///   three
/// ```
///
/// ```yaml
/// |
///   one
///   2
///   three
/// ```
fn exchange_lines(plan: &mut SplicePlan<'_, '_>, span: &Range<usize>, indent: usize, lines: &[String]) {
    let text = plan.text;
    let line_break = break_at(text, line_end(text, span.start));
    let old = line_ranges(text, span);
    let indentation = " ".repeat(indent);
    let indented =
        |line: &String| if line.is_empty() { String::new() } else { format!("{indentation}{line}") };
    let new: Vec<String> = lines.iter().map(indented).collect();
    let is_same = |old: &Range<usize>, new: &String| {
        let old = &text[old.clone()];
        old == new || (new.is_empty() && old.len() <= indent && old.bytes().all(|byte| byte == b' '))
    };
    let shorter = old.len().min(new.len());
    let head = (0..shorter).take_while(|&index| is_same(&old[index], &new[index])).count();
    let tail = (0..shorter - head)
        .take_while(|&index| is_same(&old[old.len() - 1 - index], &new[new.len() - 1 - index]))
        .count();
    let added = &new[head..new.len() - tail];
    let removed = &old[head..old.len() - tail];
    let joined = added.join(line_break);
    // The line after the changed ones.
    let next = old.get(old.len() - tail);
    match (removed.first(), removed.last()) {
        (Some(first), Some(last)) if !added.is_empty() => plan.exchange(first.start..last.end, joined),
        (Some(first), _) => plan.remove(match next {
            Some(next) => first.start..next.start,
            None => old[head - 1].end..span.end,
        }),
        (None, _) if added.is_empty() => {}
        (None, _) => match next {
            Some(next) => plan.insert(next.start, format!("{joined}{line_break}")),
            None => plan.insert(span.end, format!("{line_break}{joined}")),
        },
    }
}

/// The lines below the header, each without its line break.
fn line_ranges(text: &str, span: &Range<usize>) -> Vec<Range<usize>> {
    let mut at = next_line(text, span.start);
    let mut lines = Vec::new();
    while at <= span.end
        && at < text.len()
        && (lines.is_empty() || at < span.end || line_end(text, at) == span.end)
    {
        lines.push(at..line_end(text, at).min(span.end));
        at = next_line(text, at);
    }
    lines
}

/// The text as a block scalar of the same kind, with as much of the header as can stay.
fn block_like(plan: &SplicePlan<'_, '_>, node: NodeIndex, header: &str, text: &str) -> Option<BlockText> {
    let digit: String = header.chars().filter(char::is_ascii_digit).collect();
    let lines = lines_like(header, text, !digit.is_empty())?;
    let chomp = match text.len() - text.trim_end_matches('\n').len() {
        0 => "-",
        // At the end of a text without a final line break, some readers add one and others do not.
        _ if plan.tree.unended == Some(node) => return None,
        1 if header.contains('+') => "+",
        1 => "",
        _ => "+",
    };
    let stays = header.contains('-') == (chomp == "-") && header.contains('+') == (chomp == "+");
    let header = if stays { header.to_owned() } else { format!("{}{digit}{chomp}", &header[..1]) };
    Some(BlockText { header, lines })
}

/// The lines of a text below a header; after an `indicator` of the indentation they may begin with blanks.
fn lines_like(header: &str, text: &str, indicator: bool) -> Option<Vec<String>> {
    if header.starts_with('>') {
        // A folded text may well be one line without an end.
        let ended = if text.ends_with('\n') { Cow::Borrowed(text) } else { format!("{text}\n").into() };
        literal(&ended)?;
        return folded::encode(text);
    }
    match literal(text) {
        Some(block) => Some(block.lines),
        None if indicator => Some(literal(&format!("x\n{text}"))?.lines.split_off(1)),
        None => None,
    }
}
