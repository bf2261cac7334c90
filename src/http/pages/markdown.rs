//! Markdown as HTML that is safe to show: a pull request's body or a comment on a page of the local forge.
//!
//! **Invariant**: of the HTML inside the Markdown only folding (`<details>`, `<summary>`), `<br>` and `<sub>` survive, without
//! attributes; links lead to web addresses only; images become their text.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

/// Tags of inline HTML that are kept, as they must be written.
const KEPT: [&str; 7] = ["<details>", "</details>", "<summary>", "</summary>", "<br>", "<sub>", "</sub>"];

/// Renders Markdown.
pub(super) fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut events = Vec::new();
    let mut html = String::new();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => html.push_str(&text),
            other => {
                flush(&mut html, &mut events);
                events.extend(harmless(other));
            }
        }
    }
    flush(&mut html, &mut events);
    let mut page = String::new();
    pulldown_cmark::html::push_html(&mut page, events.into_iter());
    page
}

/// Raw HTML comes line by line; a comment may span several.
fn flush<'a>(html: &mut String, events: &mut Vec<Event<'a>>) {
    if !html.is_empty() {
        events.push(Event::Html(CowStr::from(kept_html(html))));
        html.clear();
    }
}

fn harmless(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let web = ["https://", "http://", "/", "#"].iter().any(|start| dest_url.starts_with(start));
            let dest_url = if web { dest_url } else { CowStr::Borrowed("#") };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        other => Some(other),
    }
}

/// The kept tags as they are, comments dropped, everything else as text.
fn kept_html(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(tag) = KEPT.iter().find(|tag| rest.starts_with(**tag)) {
            out.push_str(tag);
            rest = &rest[tag.len()..];
        } else {
            escape(first, &mut out);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// A sentence as HTML, its parts in backticks as code: messages, remedies, details. No other Markdown counts.
pub(super) fn sentence(text: &str) -> String {
    let mut out = String::new();
    let closed = text.matches('`').count().is_multiple_of(2);
    let mut inside = false;
    for character in text.chars() {
        if character == '`' && closed {
            inside = !inside;
            out.push_str(if inside { "<code>" } else { "</code>" });
        } else {
            escape(character, &mut out);
        }
    }
    out
}

fn escape(character: char, out: &mut String) {
    match character {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_stays_and_everything_else_of_html_is_text() {
        let html =
            to_html("<details><summary>Proof</summary>\n\n`a`\n\n</details>\n\n<script>alert(1)</script>\n");
        assert!(html.contains("<details><summary>Proof</summary>"), "{html}");
        assert!(html.contains("<code>a</code>"), "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn attributes_comments_images_and_odd_links_are_gone() {
        let html = to_html(
            "a <b onclick=\"x()\">b</b> <!-- hidden\nmore --> [c](javascript:alert(1)) ![d](https://e.example/f.png)",
        );
        assert!(!html.contains("<b"), "{html}");
        assert!(!html.contains("hidden"), "{html}");
        assert!(!html.contains("javascript:"), "{html}");
        assert!(!html.contains("<img"), "{html}");
        let html = to_html("<details open onclick=x()>\n");
        assert!(!html.contains("<details"), "{html}");
    }

    #[test]
    fn a_sentence_has_code_and_nothing_else() {
        assert_eq!(sentence("`a<b>` is *not* 'b'"), "<code>a&lt;b&gt;</code> is *not* &#39;b&#39;");
        assert_eq!(sentence("one ` only"), "one ` only");
    }

    #[test]
    fn an_open_comment_hides_the_rest_of_its_block_only() {
        assert_eq!(to_html("<!-- writ:run=abc -->\n\nText\n").trim(), "<p>Text</p>");
    }
}
