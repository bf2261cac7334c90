//! Reads Rust source just far enough for the rules of the house: names, paths and lines of code.
//!
//! Comments and literals are dropped, `use` trees are spread out, `super` is resolved through inline modules.
//! Not a Rust parser: it looks at tokens, which is enough because the rules are about names.

/// One Rust file.
pub struct Source {
    /// Path from the repository's root, with slashes: `src/domain/plan.rs`.
    pub path: String,
    text: String,
    tokens: Vec<String>,
}

/// A path that a file names, as segments from the crate's root (`crate`, `domain`, `plan`) or from a dependency.
pub type NamedPath = Vec<String>;

/// A path, and how the file names it.
pub struct Mention {
    pub path: NamedPath,
    /// The name that a `use` declaration gives to it in this file, `*` for all of a module; `None` in code.
    pub import: Option<String>,
    /// Whether others reach the name through this file: `pub use`, `pub(super) use`.
    pub is_public: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), tokens: tokens(text) }
    }

    /// The module that the file is: `["domain", "plan"]` for `src/domain/plan.rs`, empty for `src/lib.rs`.
    pub fn module(&self) -> Vec<String> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let stem = inside.strip_suffix(".rs").unwrap_or(inside);
        let mut parts: Vec<String> = stem.split('/').map(str::to_owned).collect();
        if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }

    pub fn has_head(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 12)
    }

    /// Lines that are neither blank nor comment, up to the tests.
    pub fn lines_of_code(&self) -> usize {
        self.text
            .lines()
            .map(str::trim)
            .take_while(|line| *line != "#[cfg(test)]")
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    }

    /// Whether these tokens appear somewhere one after the other.
    pub fn says(&self, wanted: &[&str]) -> bool {
        self.tokens.windows(wanted.len()).any(|window| window.iter().eq(wanted.iter()))
    }

    /// Names that the file declares with one of these keywords (`mod`, `struct`, ...).
    pub fn declared(&self, keywords: &[&str]) -> Vec<&str> {
        let pairs = self.tokens.windows(2);
        pairs.filter(|pair| keywords.contains(&pair[0].as_str())).map(|pair| pair[1].as_str()).collect()
    }

    /// The same file without the items that are compiled for tests only.
    pub fn without_tests(&self) -> Self {
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if attribute.iter().eq(self.tokens[at..].iter().take(attribute.len())) {
                at = self.item_end(at + attribute.len());
            } else {
                tokens.push(self.tokens[at].clone());
                at += 1;
            }
        }
        Self { path: self.path.clone(), text: self.text.clone(), tokens }
    }

    /// Modules whose bodies are files of their own: `mod name;`.
    pub fn children(&self) -> Vec<&str> {
        let declared = self.tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == ";");
        declared.map(|three| three[1].as_str()).collect()
    }

    /// Whether the code says this name by itself: not in a `use` declaration or a path, not as a method or a field.
    pub fn says_bare(&self, name: &str) -> bool {
        let mut at = 0;
        while at < self.tokens.len() {
            if self.token(at) == "use" {
                at = self.item_end(at);
                continue;
            }
            let before = if at == 0 { "" } else { self.token(at - 1) };
            let is_other = matches!(before, "." | "::" | "fn" | "mod" | "'") || self.token(at + 1) == ":";
            if self.token(at) == name && !is_other {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Every path of two or more segments, `use` trees spread out and `crate`, `self`, `super` resolved.
    pub fn paths(&self) -> Vec<NamedPath> {
        self.mentions().into_iter().map(|mention| mention.path).collect()
    }

    /// The same, with what `use` declarations make of them.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        let mut module = self.module();
        // Inline modules that are open, by the brace depth at which they close.
        let mut inline: Vec<usize> = Vec::new();
        let mut depth = 0_usize;
        let mut at = 0;
        while at < self.tokens.len() {
            match self.token(at) {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        module.pop();
                    }
                }
                "mod" if self.token(at + 2) == "{" => {
                    module.push(self.token(at + 1).to_owned());
                    inline.push(depth);
                }
                name if is_name(name) && self.token(at + 1) == "::" => {
                    let is_use = at > 0 && self.token(at - 1) == "use";
                    let is_public = is_use && at > 1 && matches!(self.token(at - 2), "pub" | ")");
                    let mut spread = Vec::new();
                    at = self.tree(at, &[], &mut spread);
                    found.extend(spread.into_iter().map(|(path, alias)| {
                        let path = resolve(path, &module);
                        let import =
                            is_use.then(|| alias.or_else(|| path.last().cloned()).unwrap_or_default());
                        Mention { path, import, is_public }
                    }));
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// Reads a path or `use` tree that begins at token `at`, with the names after `as`; gives the place behind it.
    fn tree(&self, mut at: usize, prefix: &[String], found: &mut Vec<(NamedPath, Option<String>)>) -> usize {
        let mut path = prefix.to_vec();
        while is_name(self.token(at)) || self.token(at) == "*" {
            path.push(self.token(at).to_owned());
            at += 1;
            if self.token(at) != "::" {
                break;
            }
            at += 1;
        }
        // Without `::` before it, a brace begins something else, such as the body behind `-> Plan`.
        if self.token(at) != "{" || self.token(at.wrapping_sub(1)) != "::" {
            let is_named = self.token(at) == "as";
            found.push((path, is_named.then(|| self.token(at + 1).to_owned())));
            return if is_named { at + 2 } else { at };
        }
        at += 1;
        while !matches!(self.token(at), "}" | "") {
            let next = if self.token(at) == "," { at + 1 } else { self.tree(at, &path, found) };
            // A token that no tree begins with is stepped over, so that odd text ends the loop too.
            at = next.max(at + 1);
        }
        at + 1
    }

    /// The place behind the item at token `at`: behind its `;`, or its closing brace.
    fn item_end(&self, mut at: usize) -> usize {
        let mut depth = 0_usize;
        while at < self.tokens.len() {
            match self.token(at) {
                "{" => depth += 1,
                "}" if depth <= 1 => return at + 1,
                "}" => depth -= 1,
                ";" if depth == 0 => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }

    fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", String::as_str)
    }
}

/// Makes `self` and `super` absolute; `crate` is first in whatever is inside the crate.
fn resolve(path: NamedPath, module: &[String]) -> NamedPath {
    let mut path = path;
    // `use plan::{self, Plan}`
    if path.len() > 1 && path.last().is_some_and(|segment| segment == "self") {
        path.pop();
    }
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    let own = path.first().is_some_and(|segment| segment == "self");
    if supers == 0 && !own {
        return path;
    }
    let kept = module.len().saturating_sub(supers);
    let rest = path.into_iter().skip(supers + usize::from(own));
    std::iter::once("crate".to_owned()).chain(module[..kept].iter().cloned()).chain(rest).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::`, `=>` and single other characters; no comments, no literals.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = string(rest) {
            length
        } else if first == '\'' {
            character(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The length of the string literal that `text` begins with.
fn string(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - body.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let inner = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = inner.find(&close)?;
        return Some(prefix + 1 + hashes + 1 + end + close.len());
    }
    let inner = body.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(prefix + 1 + at + 1),
            _ => {}
        }
    }
    None
}

/// The length of the character literal, or of the quote of a lifetime, that `text` begins with.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(1, |end| 3 + end + 1),
        Some((at, c)) if text[at + c.len_utf8()..].starts_with('\'') => at + c.len_utf8() + 1,
        _ => 1,
    }
}
