//! From settings to the processes that judge heads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::settings::{JudgeSettings, Settings};
use crate::domain::names::RepositoryName;
use crate::ports::child::Children;
use crate::ports::library::Library;
use crate::service::context::ServedRepository;
use crate::service::heads::{Greeting, Heads, JudgedRepository};

/// What the caches of parsed manifests may take in one process, bytes.
pub(super) fn cache_bytes(settings: &Settings) -> usize {
    // OK because the table's largest value, 16 GiB, fits the `usize` of every machine that writ is built for.
    usize::try_from(u64::from(settings.server.judge.cache_mib) << 20).unwrap_or(usize::MAX)
}

/// Who judges heads that others pushed; no process is started before there is one.
pub(super) fn heads(
    settings: &Settings,
    library: &Library,
    repositories: &[Arc<ServedRepository>],
) -> anyhow::Result<Heads> {
    let judged = |repository: &Arc<ServedRepository>| {
        let ServedRepository { name, base, planner, .. } = &**repository;
        let mirror = std::path::absolute(mirror(&settings.server.data, name))
            .with_context(|| format!("naming the mirror of `{name}`"))?;
        let gitops_path = planner.gitops_path().to_owned();
        let watch = planner.judge().watch().patterns();
        Ok(JudgedRepository { name: name.clone(), mirror, base: base.clone(), gitops_path, watch })
    };
    let greeting = Greeting {
        policies: library.policies.clone(),
        repositories: repositories.iter().map(judged).collect::<anyhow::Result<_>>()?,
        cache_bytes: cache_bytes(settings),
    };
    let JudgeSettings { memory_mib, seconds, .. } = settings.server.judge;
    let arguments =
        ["judge-heads", "--memory-mib", &memory_mib.to_string(), "--cpu-seconds", &seconds.to_string()];
    let children = Children::new(
        settings.program.clone(),
        arguments.map(str::to_owned).to_vec(),
        serde_json::to_vec(&greeting)?,
        Duration::from_secs(u64::from(seconds) * 2),
    );
    Ok(Heads::new(children))
}

/// The folder of a repository's bare clone.
pub(super) fn mirror(data: &Path, name: &RepositoryName) -> PathBuf {
    data.join("mirrors").join(name.owner()).join(format!("{}.git", name.name()))
}
