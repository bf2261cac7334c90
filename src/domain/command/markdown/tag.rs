//! The tags and texts in a piece of HTML, as HTML5's tokenizer finds them.
//!
//! <https://html.spec.whatwg.org/multipage/parsing.html#tokenization>, states 1 to 53, names aside. Texts whose
//! content has rules of its own (`<script>`) are not known here: who sees such a tag must expect anything.

/// A tag, or what a piece of HTML leaves unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlToken<'a> {
    /// Text between two others.
    Text(&'a str),
    /// `<name …>`, also `<name …/>`, which is the same to HTML5.
    Start(&'a str),
    /// `</name>`.
    End(&'a str),
    /// A comment that goes on after the piece.
    UnclosedComment,
    /// A tag with an attribute whose value goes on after the piece.
    UnclosedValue,
    /// A tag or declaration that goes on after the piece.
    UnclosedTag,
    /// A comment with two dashes inside, which is none to some Markdown parsers where it is in text.
    DashedComment,
    /// A declaration, a processing instruction, `</>`, or a comment that ends otherwise than by `-->`.
    Unusual,
}

/// The tokens of a piece, in order. Plain comments are passed over.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The text behind the end of a comment that was begun before it; `None` where it goes on.
    pub(super) fn after_comment(text: &'a str) -> Option<&'a str> {
        let mut rest = text;
        loop {
            let dashes = rest.find("--")?;
            let after = &rest[dashes + 2..];
            if let Some(after) = after.strip_prefix('>').or_else(|| after.strip_prefix("!>")) {
                return Some(after);
            }
            rest = &rest[dashes + 1..];
        }
    }

    /// What begins after `<!--`; a token where it is no plain `<!-- … -->`.
    fn comment(&mut self, inside: &'a str) -> Option<HtmlToken<'a>> {
        let at_once = inside.strip_prefix('>').or_else(|| inside.strip_prefix("->"));
        let Some(rest) = at_once.or_else(|| Self::after_comment(inside)) else {
            self.rest = "";
            return Some(HtmlToken::UnclosedComment);
        };
        self.rest = rest;
        match inside[..inside.len() - rest.len()].strip_suffix("-->") {
            None => Some(HtmlToken::Unusual),
            Some(content) if content.contains("--") || content.ends_with('-') => {
                Some(HtmlToken::DashedComment)
            }
            Some(_) => None,
        }
    }

    /// `<!x`, `<?x`, `</x` without a name: all comments to HTML5, up to the first `>`.
    fn declaration(&mut self, inside: &'a str) -> HtmlToken<'a> {
        let end = inside.find('>');
        self.rest = end.map_or("", |end| &inside[end + 1..]);
        if end.is_some() { HtmlToken::Unusual } else { HtmlToken::UnclosedTag }
    }

    fn text(&mut self, length: usize) -> HtmlToken<'a> {
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        HtmlToken::Text(text)
    }

    /// A tag from its name on.
    fn tag(&mut self, text: &'a str, token: fn(&'a str) -> HtmlToken<'a>) -> HtmlToken<'a> {
        let name = &text
            [..text.find(|next: char| is_space(next) || matches!(next, '/' | '>')).unwrap_or(text.len())];
        let mut rest = &text[name.len()..];
        self.rest = "";
        loop {
            rest = rest.trim_start_matches(|next| is_space(next) || next == '/');
            if let Some(rest) = rest.strip_prefix('>') {
                self.rest = rest;
                return token(name);
            }
            let Some(first) = rest.chars().next() else { return HtmlToken::UnclosedTag };
            // An attribute's name may begin with `=`.
            let from = first.len_utf8();
            let ends = |next: char| is_space(next) || matches!(next, '/' | '>' | '=');
            rest = rest[from..].trim_start_matches(|next| !ends(next)).trim_start_matches(is_space);
            let Some(value) = rest.strip_prefix('=') else { continue };
            let value = value.trim_start_matches(is_space);
            rest = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => match value[1..].split_once(quote) {
                    Some((_, rest)) => rest,
                    None => return HtmlToken::UnclosedValue,
                },
                _ => value.trim_start_matches(|next| !is_space(next) && next != '>'),
            };
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = HtmlToken<'a>;

    fn next(&mut self) -> Option<HtmlToken<'a>> {
        let is_name = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic());
        while let Some(after) = self.rest.strip_prefix('<') {
            let token = match (after.bytes().next(), after.get(1..)) {
                (Some(b'!'), Some(inside)) => match inside.strip_prefix("--") {
                    Some(inside) => self.comment(inside),
                    None => Some(self.declaration(inside)),
                },
                (Some(b'/'), Some(name)) if is_name(name) => Some(self.tag(name, HtmlToken::End)),
                (Some(b'?' | b'/'), Some(inside)) => Some(self.declaration(inside)),
                _ if is_name(after) => Some(self.tag(after, HtmlToken::Start)),
                _ => Some(self.text(1)),
            };
            if token.is_some() {
                return token;
            }
        }
        let end = self.rest.find('<').unwrap_or(self.rest.len());
        (end > 0).then(|| self.text(end))
    }
}

/// White space inside a tag.
fn is_space(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\u{c}' | '\r' | ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_where_html_ends_them() {
        use HtmlToken::{DashedComment, End, Start, UnclosedComment, UnclosedTag, UnclosedValue, Unusual};
        let cases: [(&str, &[HtmlToken<'_>]); 20] = [
            ("a < b <3 >", &[]),
            ("<B class=x>", &[Start("B")]),
            ("<br/></p >", &[Start("br"), End("p")]),
            ("<a title=\"</a>\">", &[Start("a")]),
            ("<a title='>'href=\">\">x", &[Start("a")]),
            ("<a title=</a>", &[Start("a")]),
            ("<a \"><i>", &[Start("a"), Start("i")]),
            ("<a =\"><i>", &[Start("a"), Start("i")]),
            ("<!-- <a> --><i>", &[Start("i")]),
            ("<!-- a -- b --><i>", &[DashedComment, Start("i")]),
            ("<!-- ---><i>", &[DashedComment, Start("i")]),
            ("<!--><i>", &[Unusual, Start("i")]),
            ("<!---><i> -->", &[Unusual, Start("i")]),
            ("<!-- --!><i> -->", &[Unusual, Start("i")]),
            ("<?x > <i> ?>", &[Unusual, Start("i")]),
            ("<![CDATA[ > <i> ]]></>", &[Unusual, Start("i"), Unusual]),
            ("<i><!-- - ->", &[Start("i"), UnclosedComment]),
            ("<a b='", &[UnclosedValue]),
            ("<a b", &[UnclosedTag]),
            ("<!a", &[UnclosedTag]),
        ];
        for (text, tokens) in cases {
            let found: Vec<_> =
                Tokens::new(text).filter(|token| !matches!(token, HtmlToken::Text(_))).collect();
            assert_eq!(found, tokens, "{text}");
        }
    }
}
