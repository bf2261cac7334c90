//! Patterns of paths and branches: `*` is any part of a folder's or file's name, `**` any number of folders.

/// A pattern of paths, such as `argocd/applications/torghut/**`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<String>);

impl Glob {
    /// Takes a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        match parts.iter().find(|part| part.is_empty() || *part == "." || *part == "..") {
            Some(_) => Err("it has an empty part, `.` or `..`".to_owned()),
            None if parts.iter().any(|part| part != "**" && part.contains("**")) => {
                Err("`**` matches only whole path components".to_owned())
            }
            None => Ok(Self(parts)),
        }
    }

    /// Whether a path fits. `a/**` fits what is below `a`, not `a` itself.
    pub(super) fn fits(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        parts_fit(&self.0, &path)
    }

    /// How exact it is: the characters that are no wildcards.
    pub(super) fn exactness(&self) -> usize {
        self.0.iter().map(|part| part.chars().filter(|letter| *letter != '*').count()).sum()
    }
}

fn parts_fit(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((part, rest)) if part == "**" => {
            let least = usize::from(rest.is_empty());
            (least..=path.len()).any(|skipped| parts_fit(rest, &path[skipped..]))
        }
        Some((part, rest)) => {
            path.split_first().is_some_and(|(name, below)| name_fits(part, name) && parts_fit(rest, below))
        }
    }
}

fn name_fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| name_fits(after, &rest[at..]))
        }),
    }
}

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
