//! `writ check --lane`: what of a change does not belong to the lane that somebody works in.

use crate::domain::lane::{Claim, Lanes};
use crate::domain::names::CommitId;
use crate::domain::policy::Finding;
use crate::domain::reason;
use crate::domain::refusal::Refusal;
use crate::domain::text::nearest;
use crate::ports::git::{Git as _, Repository};

use crate::cli::failure::Failure;

/// The most files that a change may have and still be held to a lane.
const MOST_FILES: usize = 20_000;

/// Holds every path that differs, in the whole repository, to the lane of this id. Branch and pull request are not known
/// here, so they are not judged.
///
/// # Errors
/// Usage: there is no such lane, or the change is too large to be held to one. Fault: objects cannot be read.
pub(super) fn findings(
    lanes: &Lanes,
    git: &Repository,
    (base, head): (&CommitId, &CommitId),
    id: &str,
) -> Result<Vec<Finding>, Failure> {
    let lane = lanes.find(id).ok_or_else(|| {
        let ids = || lanes.all().iter().map(|lane| lane.id.as_str());
        let remedy = match nearest(id, ids()) {
            Some(near) => format!("did you mean `{near}`? Case counts"),
            None => format!("use one of {}", ids().collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(Refusal::new(reason::UNKNOWN_LANE, format!("there is no lane `{id}`"), remedy))
    })?;
    let paths = git.changed_paths(base, head, "", MOST_FILES)?.ok_or_else(|| {
        let message = format!("more than {MOST_FILES} files differ");
        let remedy = "check the lane's change separately";
        Failure::usage(Refusal::new(reason::TOO_LARGE, message, remedy))
    })?;
    let claim =
        Claim { branch: None, lane: Some(lane), fork: false, paths: &paths, stated: None, others: &[] };
    Ok(lanes.judge(&claim))
}
