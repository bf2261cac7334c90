//! Paths of files and folders inside a tree.

/// `relative` seen from `folder`, without `.` and `..`; `None` where it leaves the tree.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path that a symbolic link in a folder points to; `None` where it leaves the repository.
#[must_use]
pub fn resolve(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') { None } else { join(folder, target.trim_end()) }
}

/// Whether a resource is fetched from elsewhere.
pub(super) fn is_remote(resource: &str) -> bool {
    resource.contains("://")
        || resource.contains("?ref=")
        || resource.starts_with("git@")
        || resource.starts_with("git::")
        || ["github.com/", "gitlab.com/", "bitbucket.org/"].iter().any(|host| resource.starts_with(host))
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_goes_up_and_never_out() {
        assert_eq!(join("a/b", "../c/./d.yaml").as_deref(), Some("a/c/d.yaml"));
        assert_eq!(join("a", "../../c"), None);
        assert_eq!(join("", "x").as_deref(), Some("x"));
    }
}
