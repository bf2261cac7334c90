//! Watched paths: what lies beyond the GitOps path and is judged for its reach into it alone.
//!
//! Another application may run a second forwarder, and an ApplicationSet decides what is rendered at all. A pattern
//! without `*` is a file or a folder with all that is below it; `*` is a part of a name, `**` any number of folders.

use super::lane::Glob;

/// The most patterns that a repository has.
const MOST: usize = 100;

/// Patterns of watched paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch(Vec<WatchedPath>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct WatchedPath {
    text: String,
    /// Where it begins: the folders before the first `*`, or all of it; empty for the root.
    start: String,
    /// `None` for a path without `*`.
    glob: Option<Glob>,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern of watched paths: {problem}")]
pub struct WatchError {
    /// Its index, from 0.
    pub index: usize,
    pattern: String,
    /// What is wrong with it, without the pattern.
    pub problem: String,
}

impl Watch {
    /// Reads patterns, relative to the repository's root: `argocd/applicationsets`, `argocd/**/kustomization.yaml`.
    ///
    /// # Errors
    /// - one is absolute, empty, has an empty part, `.` or `..`, or `**` beside other characters; there are more than 100
    pub fn parse(patterns: &[String]) -> Result<Self, WatchError> {
        let parsed = patterns.iter().enumerate().map(|(index, text)| {
            let wrong = |problem: String| WatchError { index, pattern: text.clone(), problem };
            if index >= MOST {
                return Err(wrong(format!("there are more than {MOST} patterns")));
            }
            let glob = Glob::parse(text).map_err(wrong)?;
            let fixed: Vec<&str> = text.split('/').take_while(|part| !part.contains('*')).collect();
            let is_path = !text.contains('*');
            Ok(WatchedPath { text: text.clone(), start: fixed.join("/"), glob: (!is_path).then_some(glob) })
        });
        Ok(Self(parsed.collect::<Result<_, _>>()?))
    }

    /// The patterns as they were written.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        self.0.iter().map(|path| path.text.clone()).collect()
    }

    /// Whether a file is watched.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|watched| match &watched.glob {
            Some(glob) => glob.fits(path),
            None => is_at_or_below(path, &watched.start),
        })
    }

    /// The paths at or below which everything watched is; none of them is below another. The empty path is the root.
    #[must_use]
    pub fn starts(&self) -> Vec<&str> {
        let starts = || self.0.iter().map(|watched| watched.start.as_str());
        let is_outermost =
            |start: &&str| !starts().any(|other| other != *start && is_at_or_below(start, other));
        let mut outermost: Vec<&str> = starts().filter(is_outermost).collect();
        outermost.sort_unstable();
        outermost.dedup();
        outermost
    }
}

/// Whether a path is a folder or below it; everything is below the empty path.
#[must_use]
pub fn is_at_or_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(patterns: &[&str]) -> Result<Watch, WatchError> {
        Watch::parse(&patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_path_is_a_file_or_a_folder_and_a_glob_what_fits() {
        let watched = watch(&["argocd/sets", "argocd/**/kustomization.yaml", "root.yaml"]).unwrap();
        for path in ["argocd/sets/a.yaml", "argocd/sets", "argocd/x/kustomization.yaml", "root.yaml"] {
            assert!(watched.covers(path), "{path}");
        }
        for path in ["argocd/setsx/a.yaml", "argocd/x/a.yaml", "x/root.yaml"] {
            assert!(!watched.covers(path), "{path}");
        }
        assert_eq!(watched.starts(), ["argocd", "root.yaml"]);
        assert_eq!(watch(&["**/a.yaml", "argocd"]).unwrap().starts(), [""]);
        assert!(Watch::default().starts().is_empty() && !Watch::default().covers("argocd"));
    }

    #[test]
    fn mistakes_are_named_with_their_index() {
        for wrong in ["", "/a", "a/", "../a", "a/b**"] {
            let error = watch(&["argocd", wrong]).unwrap_err();
            assert_eq!(error.index, 1, "{error}");
        }
        assert!(Watch::parse(&vec!["a".to_owned(); 101]).is_err());
    }
}
