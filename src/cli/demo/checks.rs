//! What the demo checks when the run is over: the branch, the ledger, the pull request's own proof, the webhook endpoint.

use anyhow::Context as _;

use crate::domain::ledger::{Proof, VerifierKeys, extract};
use crate::domain::names::IssueNumber;
use crate::domain::plan::PlanReport;
use crate::domain::pull::{CHECKS, Conclusion};
use crate::ports::clock::system_time;
use crate::ports::forge::check::CheckStatus;
use crate::service::auditor::{self, Trusted};

use super::client::DemoDelivery;
use super::repository::BASE;
use super::stage::Stage;
use super::story::Story;

/// The branch is the planned commit, and differs from the base in the planned lines only.
pub(crate) fn repository(story: &mut Story, stage: &Stage, report: &PlanReport) -> anyhow::Result<()> {
    let remote = git2::Repository::open_bare(&stage.remote)?;
    let commit = |branch: &str| remote.find_branch(branch, git2::BranchType::Local)?.get().peel_to_commit();
    let (base, head) = (commit(BASE)?, commit(report.branch.as_str())?);
    let planned = report.commit.as_ref().map(|commit| commit.as_str().to_owned());
    story.check(planned == Some(head.id().to_string()), "the branch holds exactly the planned commit");
    let difference = remote.diff_tree_to_tree(Some(&base.tree()?), Some(&head.tree()?), None)?;
    let stats = difference.stats()?;
    let counted = (stats.files_changed(), stats.insertions(), stats.deletions());
    story.check(
        counted == (1, 1, 1),
        "it differs from `main` in 1 line of 1 file; every other byte is unchanged",
    );
    Ok(())
}

/// Both check runs are on the planned commit and successful.
pub(crate) async fn check_runs(story: &mut Story, stage: &Stage, report: &PlanReport) -> anyhow::Result<()> {
    let head = report.commit.as_ref().context("the plan has no commit")?;
    let found = stage.check_runs(head).await?;
    for name in CHECKS {
        let check = found.iter().find(|check| check.name == name);
        let passed =
            check.is_some_and(|check| check.status == Some(CheckStatus::Completed(Conclusion::Success)));
        story.check(passed, &format!("{name}: {}", check.map_or("missing", |check| check.title.trim())));
    }
    Ok(())
}

/// The whole ledger: every record, every node of the tree, every signed checkpoint.
pub(crate) async fn ledger(story: &mut Story, stage: &Stage) -> anyhow::Result<()> {
    let store = &stage.running.store;
    let keys = Some(VerifierKeys::parse(&stage.running.verifier)?);
    let audited = auditor::audit(store.as_ref(), Trusted { keys, kept: Vec::new() }, system_time()).await?;
    let (size, findings) = (audited.report.leaves, audited.report.findings);
    let what = format!("the ledger verifies: {size} records, signed checkpoints: {}", audited.checkpoints);
    story.check(findings.is_empty() && size > 0 && audited.checkpoints > 0, &what);
    findings.iter().for_each(|finding| story.aside(&finding.to_string()));
    Ok(())
}

/// The proof in the pull request's body, with nothing but that text and the public key.
pub(crate) async fn proof(story: &mut Story, stage: &Stage, number: IssueNumber) -> anyhow::Result<()> {
    let pulls = stage.pulls().await?;
    story.check(pulls.len() == 1, "there is one pull request");
    let pull = pulls.iter().find(|pull| pull.pull.number == number).context("the pull request is missing")?;
    let embedded = extract(&pull.pull.body)?;
    let keys = VerifierKeys::parse(&stage.running.verifier)?;
    let proven = Proof::parse(&embedded.proof)?.verify(&embedded.record, &keys);
    let what = match &proven {
        Ok(proven) => format!(
            "the pull request can be verified without the database: `{}` is leaf {} of a signed tree",
            proven.record.kind, proven.index
        ),
        Err(error) => format!("the pull request's proof: {error}"),
    };
    story.check(proven.is_ok(), &what);
    Ok(())
}

/// The same delivery again changes nothing; one without a signature is not even read.
pub(crate) async fn webhooks(
    story: &mut Story,
    stage: &Stage,
    delivery: &DemoDelivery,
) -> anyhow::Result<()> {
    let again = stage.sender.send(delivery).await?;
    story.check(
        again.status == 200,
        &format!("the same webhook again: {}, nothing happens twice", again.status),
    );
    let unsigned = stage.sender.send_unsigned(delivery).await?;
    story.check(unsigned.status == 401, &format!("a webhook without a signature: {}", unsigned.status));
    Ok(())
}
