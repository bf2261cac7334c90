//! Comments beside a changed value: they were written about the value before and may be untrue now.

use crate::domain::text::quoted;
use crate::domain::yaml::{self, Pointer, YamlComment, YamlRefusal};

/// One sentence for each block of comments above or behind a value that is edited.
pub(super) fn stale_comments(
    path: &str,
    text: &str,
    edited: &[(usize, &Pointer)],
) -> Result<Vec<String>, YamlRefusal> {
    if !text.contains('#') {
        return Ok(Vec::new());
    }
    let stream = yaml::parse(text)?;
    let mut sentences = Vec::new();
    for (document, pointer) in edited {
        let Some(document) = stream.documents().get(*document) else { continue };
        for block in blocks(&document.comments_near(pointer)) {
            let (line, words) = block;
            sentences.push(format!(
                "The comment at {path}:{line} is next to `{pointer}` and may no longer be true: {}",
                quoted(&words, 300)
            ));
        }
    }
    Ok(sentences)
}

/// Comments on consecutive lines as one text each, with the line of the first.
fn blocks(comments: &[YamlComment]) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, usize, String)> = Vec::new();
    for comment in comments {
        match blocks.last_mut() {
            Some((_, last, words)) if comment.line == *last + 1 => {
                *last = comment.line;
                words.push(' ');
                words.push_str(&comment.text);
            }
            _ => blocks.push((comment.line, comment.line, comment.text.clone())),
        }
    }
    blocks.into_iter().map(|(first, _, words)| (first, words)).collect()
}
