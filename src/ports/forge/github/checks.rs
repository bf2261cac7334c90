//! Check runs on GitHub: the newest with a name is updated, or a new one replaces it.
//!
//! Source: GitHub REST, "Check runs". A request carries at most 50 annotations; those of each request are added to the
//! existing ones, and none can be removed. So a check run with outdated annotations is left as it is, and a new one with
//! the same name replaces it: GitHub shows, and counts, the newest with a name.

use serde_json::{Value, json};

use super::answers::{CheckAnnotation, CheckRun, CheckRuns, ForeignCheckRun, ForeignCheckRuns, Made};
use super::api::Github;
use super::connection::Call;
use crate::domain::lane::SeenCheck;
use crate::domain::names::{CheckId, CommitId, RepositoryName};
use crate::domain::pull::CHECKS;
use crate::ports::forge::ForgeError;
use crate::ports::forge::check::{Annotation, Check, CheckStatus};

/// The most annotations that a request carries.
const BATCH: usize = 50;

/// The most check runs of one name on a commit that are read.
const MOST_OF_NAME: usize = 100;

/// Which check run is written.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// This one.
    Existing(CheckId),
    /// A new one, beside an older one of the same name.
    New { besides: Option<CheckId> },
}

impl Github {
    /// The bot's newest check run of a name on a commit, also where it was made so lately that the list does not show it.
    pub(super) async fn newest_check(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Option<CheckRun>, ForgeError> {
        // Anybody's App can call its check run as it likes; only our own can be changed.
        let own = self.identity.app().map_or_else(String::new, |id| format!("&app_id={id}"));
        let escaped = name.replace('/', "%2F");
        let path = format!(
            "/repos/{repository}/commits/{head}/check-runs?check_name={escaped}&filter=latest{own}&per_page=1"
        );
        let found: CheckRuns =
            self.ask(repository, Call::Get(&path)).await?.read(&format!("commit {head}"))?;
        let listed = found.check_runs.into_iter().next();
        let made = self.own_writes.id_of(&check_name(repository, head, name));
        let Some(id) = made.filter(|id| listed.as_ref().is_none_or(|listed| listed.id() < *id)) else {
            return Ok(listed);
        };
        let path = format!("/repos/{repository}/check-runs/{id}");
        match self.read(repository, &path, &format!("check run {id}")).await {
            Ok(made) => Ok(Some(made)),
            Err(ForgeError::NotFound(_)) => Ok(listed),
            Err(error) => Err(error),
        }
    }

    /// The check runs of a name on a commit that other apps made, the last of each check suite.
    pub(super) async fn foreign_checks(
        &self,
        repository: &RepositoryName,
        head: &CommitId,
        name: &str,
    ) -> Result<Vec<SeenCheck>, ForgeError> {
        // A check run of ours is nobody else's, whatever the answer says of its app.
        if CHECKS.contains(&name) {
            return Ok(Vec::new());
        }
        let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let path = format!(
            "/repos/{repository}/commits/{head}/check-runs?check_name={name}&filter=latest&per_page={MOST_OF_NAME}"
        );
        let found: ForeignCheckRuns = self.read(repository, &path, &format!("commit {head}")).await?;
        if found.check_runs.len() >= MOST_OF_NAME {
            return Err(ForgeError::Malformed(format!("commit {head} has too many check runs of one name")));
        }
        let own = self.identity.app();
        let foreign = found.check_runs.into_iter().filter(|check| !check.is_of(own));
        Ok(foreign.map(ForeignCheckRun::read).collect())
    }

    /// Creates the check run, or updates the newest one. May be repeated after any failure: it goes on from what it finds.
    /// The inner error is one that asking again at once does not mend.
    pub(super) async fn sync_check(
        &self,
        repository: &RepositoryName,
        check: &Check,
    ) -> Result<Result<CheckId, ForgeError>, ForgeError> {
        let all: Vec<&Annotation> = check.annotations.iter().collect();
        let Some(found) = self.newest_check(repository, &check.head, &check.name).await? else {
            return self.write_check(repository, check, Target::New { besides: None }, &all).await;
        };
        let existing = found.annotations();
        let found = found.read();
        // The digest covers the whole content: with the same digest and all annotations, only the status can differ.
        if found.digest == check.digest && existing == all.len() {
            return match found.status == Some(check.status) {
                true => Ok(Ok(found.id)),
                false => self.write_check(repository, check, Target::Existing(found.id), &[]).await,
            };
        }
        match self.missing_annotations(repository, found.id, existing, &all).await? {
            Some(missing) => self.write_check(repository, check, Target::Existing(found.id), &missing).await,
            None => {
                let target = Target::New { besides: Some(found.id) };
                self.write_check(repository, check, target, &all).await
            }
        }
    }

    /// Those of `wanted` that a check run lacks; `None` where it has one that is not wanted.
    async fn missing_annotations<'a>(
        &self,
        repository: &RepositoryName,
        id: CheckId,
        existing: usize,
        wanted: &[&'a Annotation],
    ) -> Result<Option<Vec<&'a Annotation>>, ForgeError> {
        let mut missing = wanted.to_vec();
        if existing == 0 {
            return Ok(Some(missing));
        }
        let mut holds = true;
        let path = format!("/repos/{repository}/check-runs/{id}/annotations?");
        self.list(repository, &path, |existing: CheckAnnotation| {
            match missing.iter().position(|wanted| existing.is(wanted)) {
                Some(at) => drop(missing.remove(at)),
                None => holds = false,
            }
            !holds
        })
        .await?;
        Ok(holds.then_some(missing))
    }

    /// Writes a check run, new or existing, in as many requests as its annotations need. The last of them completes it: a
    /// completed check run has all of its annotations.
    async fn write_check(
        &self,
        repository: &RepositoryName,
        check: &Check,
        target: Target,
        annotations: &[&Annotation],
    ) -> Result<Result<CheckId, ForgeError>, ForgeError> {
        let mut target = target;
        let mut rest = annotations;
        loop {
            let (batch, more) = rest.split_at(rest.len().min(BATCH));
            let status = if more.is_empty() { check.status } else { CheckStatus::InProgress };
            let mut fields = fields(check, status, batch);
            let written = match target {
                Target::Existing(id) => {
                    let path = format!("/repos/{repository}/check-runs/{id}");
                    // Not sent twice as it is: annotations would be added twice.
                    let answer = self.ask(repository, Call::Patch(&path, &fields)).await?;
                    answer.read::<Made>(&format!("check run {id}")).map(|_| id)?
                }
                Target::New { besides } => {
                    fields["head_sha"] = json!(check.head);
                    match self.create_check(repository, check, besides, &fields).await {
                        Ok(id) => id,
                        Err(error) => return Ok(Err(error)),
                    }
                }
            };
            if more.is_empty() {
                return Ok(Ok(written));
            }
            (target, rest) = (Target::Existing(written), more);
        }
    }

    /// Makes a check run, once. An older one can have the same name, so it is known by its digest, too.
    async fn create_check(
        &self,
        repository: &RepositoryName,
        check: &Check,
        besides: Option<CheckId>,
        fields: &Value,
    ) -> Result<CheckId, ForgeError> {
        let (head, path) = (&check.head, format!("/repos/{repository}/check-runs"));
        let make = || async {
            let answer = self.ask(repository, Call::Post(&path, fields)).await?;
            Ok(CheckId(answer.read::<Made>(&format!("commit {head}"))?.id))
        };
        let find = || async {
            let found = self.newest_check(repository, head, &check.name).await?;
            let made = found.filter(|found| found.has_digest(&check.digest)).map(|made| CheckId(made.id()));
            Ok(made.filter(|made| Some(*made) != besides))
        };
        let made = self.identity.exchange.make(make, find).await?;
        self.own_writes.remember(check_name(repository, head, &check.name), made.0);
        Ok(made)
    }
}

/// The name under which a check run of the bot's is remembered.
fn check_name(repository: &RepositoryName, head: &CommitId, name: &str) -> String {
    format!("{repository}@{head} {name}")
}

fn fields(check: &Check, status: CheckStatus, annotations: &[&Annotation]) -> Value {
    let mut output = json!({"title": check.title, "summary": check.summary});
    if !check.text.is_empty() {
        output["text"] = json!(check.text);
    }
    if !annotations.is_empty() {
        output["annotations"] = annotations.iter().map(|annotation| shown(annotation)).collect();
    }
    let mut fields = json!({
        "name": check.name, "status": status.as_str(), "external_id": check.digest, "output": output,
    });
    if let Some(conclusion) = status.conclusion() {
        fields["conclusion"] = json!(conclusion.as_str());
    }
    if let Some(url) = &check.details_url {
        fields["details_url"] = json!(url);
    }
    fields
}

fn shown(annotation: &Annotation) -> Value {
    json!({
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": annotation.level.as_str(),
        "title": annotation.title,
        "message": annotation.message,
    })
}
