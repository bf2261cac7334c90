//! Rendering: replies, pull request bodies and pages from minijinja templates, strict and with bounded work.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::library::Library;
use crate::domain::text::is_forbidden;

/// How many template instructions one rendering may take.
const FUEL: u64 = 500_000;

/// The templates, compiled.
#[derive(Debug, Clone)]
pub struct Renderer {
    environment: Environment<'static>,
}

/// Why a template could not be compiled or rendered.
#[derive(Debug, thiserror::Error)]
#[error("template `{name}`")]
pub struct RenderError {
    name: String,
    #[source]
    source: minijinja::Error,
}

impl Renderer {
    /// Compiles all templates of a library. Names ending in `.html` escape what they show.
    ///
    /// # Errors
    /// - a template is not valid
    pub fn compile(library: &Library) -> Result<Self, RenderError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let syntax =
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(|source| RenderError { name: String::new(), source })?);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        environment.add_filter("code", code_span);
        environment.add_filter("cell", |text: String| code_span(text).replace('|', "\\|"));
        environment.add_filter("shorten", shorten);
        for (name, text) in &library.templates {
            environment
                .add_template_owned(name.clone(), text.clone())
                .map_err(|source| RenderError { name: name.clone(), source })?;
        }
        Ok(Self { environment })
    }

    /// Renders a template.
    ///
    /// # Errors
    /// - there is no such template, it uses an undefined value, or it runs out of fuel
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<String, RenderError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(Serde(context)))
            .map_err(|source| RenderError { name: name.to_owned(), source })
    }
}

/// Text as a Markdown code span that it cannot break out of: a fence longer than any run of backticks in it. Control
/// characters, and those that reorder or hide text, are shown as escapes.
fn code_span(text: String) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            character if is_forbidden(character) => shown.extend(character.escape_unicode()),
            character => shown.push(character),
        }
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space inside keeps a backtick at the edge from joining the fence; an empty span would be none.
    if longest == 0 && !shown.is_empty() {
        format!("{fence}{shown}{fence}")
    } else {
        format!("{fence} {shown} {fence}")
    }
}

/// At most `limit` characters of a text, with `…` where it was cut.
fn shorten(text: String, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
