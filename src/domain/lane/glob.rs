//! Patterns of paths and branches: `*` is any part of a folder's or file's name, `**` any number of folders.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern of paths, such as `argocd/applications/torghut/**`.
#[derive(Debug, Clone)]
pub(in crate::domain) struct Glob {
    text: String,
    matcher: GlobMatcher,
}

impl Glob {
    /// Takes a pattern. No character but `*` has a meaning of its own.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::domain) fn parse(text: &str) -> Result<Self, String> {
        for part in text.split('/') {
            if part.is_empty() || part == "." || part == ".." {
                return Err("it has an empty part, `.` or `..`".to_owned());
            }
            if part != "**" && part.contains("**") {
                return Err("`**` matches only whole path components".to_owned());
            }
        }
        let pattern = text.split('*').map(globset::escape).collect::<Vec<_>>().join("*");
        let mut builder = GlobBuilder::new(&pattern);
        let glob = builder.literal_separator(true).backslash_escape(false).build();
        let matcher = glob.map_err(|error| error.kind().to_string())?.compile_matcher();
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether a path fits. `a/**` fits what is below `a`, not `a` itself.
    pub(in crate::domain) fn fits(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }

    /// How exact it is: the characters that are neither wildcards nor separators.
    pub(super) fn exactness(&self) -> usize {
        self.text.chars().filter(|letter| !"*/".contains(*letter)).count()
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

/// The run id of a branch that fits `pattern`, in which `<date>` is eight digits and `<runid>`, at its end, is what
/// names the run: letters, digits and dashes.
pub(super) fn run_of<'b>(pattern: &str, branch: &'b str) -> Option<&'b str> {
    let (before, _) = pattern.split_once("<date>")?;
    let rest = branch.strip_prefix(before)?;
    let (date, rest) = rest.split_at_checked(8)?;
    let run = rest.strip_prefix('-')?;
    let named = run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (date.bytes().all(|byte| byte.is_ascii_digit()) && named && !run.is_empty() && !run.starts_with('-'))
        .then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_people_read_them() {
        let fits = |pattern: &str, path: &str| Glob::parse(pattern).unwrap().fits(path);
        assert!(fits("a/b/**", "a/b/c") && fits("a/b/**", "a/b/c/d"));
        assert!(!fits("a/b/**", "a/b") && !fits("a/b/**", "a/bc/d") && !fits("a/b/**", "x/a/b/c"));
        assert!(fits("a/**/z.yaml", "a/z.yaml") && fits("a/**/z.yaml", "a/b/c/z.yaml"));
        assert!(fits("a/*-config.yaml", "a/x-config.yaml") && !fits("a/*-config.yaml", "a/b/x-config.yaml"));
        assert!(fits("**", "a") && fits("a/b.py", "a/b.py") && !fits("a/b.py", "a/b_py"));
        assert!(fits("a*b*c", "axbxc") && !fits("a*b*c", "a/b/c") && !fits("a*b*c", "axbx"));
        assert!(fits("a/[x]?{y}\\*", "a/[x]?{y}\\z") && !fits("a/[x]", "a/x") && !fits("a/?", "a/b"));
        assert!(
            fits("ä/*.md", "ä/ü.md") && fits("**/b", "b") && fits("**/b", "a/a/b") && fits("a/**/**", "a/b")
        );
        for wrong in ["", "a//b", "/a", "a/", "a/../b", "a/b**"] {
            assert!(Glob::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_run_stands_at_the_end_of_a_branch() {
        let pattern = "codex/torghut-v3-c-<date>-<runid>";
        assert_eq!(run_of(pattern, "codex/torghut-v3-c-20260822-run-17"), Some("run-17"));
        for wrong in [
            "codex/torghut-v3-c-20260822",
            "codex/torghut-v3-c-20260822-",
            "codex/torghut-v3-d-20260822-run",
            "codex/torghut-v3-c-2026082-run",
            "codex/torghut-v3-c-20260822-a/b",
            "codex/torghut-v3-c-ü0260822-a",
        ] {
            assert_eq!(run_of(pattern, wrong), None, "{wrong}");
        }
    }
}
