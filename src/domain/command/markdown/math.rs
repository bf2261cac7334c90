//! GitHub's formulas in a paragraph: `$…$` and `$$…$$`, which no Markdown parser of the standard knows.

use std::ops::Range;

/// The dollar signs of one paragraph that are text, neither escaped nor code.
#[derive(Debug, Default)]
pub(super) struct Dollars {
    marks: Vec<Mark>,
}

/// `$` or `$$`.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    end: usize,
}

impl Dollars {
    /// Adds those of a piece of text that begins at `start` in the comment; `escaped` if its first character is.
    pub(super) fn add(&mut self, text: &str, start: usize, escaped: bool) {
        for (at, _) in text.match_indices('$').filter(|(at, _)| !(escaped && *at == 0)) {
            let at = start + at;
            match self.marks.last_mut() {
                Some(mark) if mark.end == at && mark.end - mark.start == 1 => mark.end += 1,
                _ => self.marks.push(Mark { start: at, end: at + 1 }),
            }
        }
    }

    /// The formulas that they enclose, in order; they do not overlap.
    ///
    /// `$` opens before and closes behind what is no white space, and does not close before a digit or letter: "from
    /// $5 to $7" is money.
    pub(super) fn formulas(&self, body: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut rest = self.marks.as_slice();
        // Where nothing closes one formula, nothing closes a later one of the same kind.
        let mut may_close = [true; 2];
        while let Some((mark, after)) = rest.split_first() {
            rest = after;
            let kind = usize::from(mark.is_double());
            if !may_close[kind] || !mark.opens(body) {
                continue;
            }
            let end = after.iter().position(|end| end.is_double() == mark.is_double() && end.closes(body));
            may_close[kind] = end.is_some();
            if let Some(end) = end {
                found.push(mark.start..after[end].end);
                rest = &after[end + 1..];
            }
        }
        found
    }
}

impl Mark {
    fn is_double(self) -> bool {
        self.end - self.start == 2
    }

    fn opens(self, body: &str) -> bool {
        self.is_double() || body[self.end..].chars().next().is_some_and(|next| !next.is_whitespace())
    }

    fn closes(self, body: &str) -> bool {
        let before = body[..self.start].chars().next_back();
        let after = body[self.end..].chars().next();
        let touches = before.is_some_and(|before| !before.is_whitespace());
        self.is_double() || (touches && !after.is_some_and(char::is_alphanumeric))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_money() {
        let cases: [(&str, &[&str]); 9] = [
            ("$$\nx\n$$", &["$$\nx\n$$"]),
            ("$$ a $ b", &[]),
            ("a $x\ny$ b $z$", &["$x\ny$", "$z$"]),
            ("$5k and $7k", &[]),
            ("-$5k/-$7k", &[]),
            ("US$ and A$", &[]),
            ("$ x $", &[]),
            ("$a $$b$$", &["$$b$$"]),
            ("$$a$$b$$", &["$$a$$"]),
        ];
        for (body, formulas) in cases {
            let mut dollars = Dollars::default();
            dollars.add(body, 0, false);
            let found: Vec<&str> = dollars.formulas(body).into_iter().map(|range| &body[range]).collect();
            assert_eq!(found, formulas, "{body}");
        }
    }
}
