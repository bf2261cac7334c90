//! Codes of runs that end without what was asked for.

use super::code::{Area, Code, Definition, reasons};

reasons! { Runs:
    PERMISSION_MISSING = "permission_missing",
        "The author of the comment does not have the permission on the repository that the command needs.",
        "ask someone with that permission to comment the command";
    ACCOUNT_MISMATCH = "account_mismatch",
        "The login that wrote the comment belongs to another account now.",
        "ask somebody with the permission to comment the command";
    AGENT_MAY_NOT_CONFIRM = "agent_may_not_confirm",
        "The comment was written by an account that the settings list as a program's. Programs do not confirm changes.",
        "ask a person to comment the command";
    QUOTA_REACHED = "quota_reached",
        "The account gave as many commands in this repository in the last hour as it may.",
        "wait until some of them are an hour old, then comment the command again; containments are always taken";
    UNKNOWN_RUN = "unknown_run",
        "There is no run with this id.",
        "check the id; `/status` lists the runs of a page";
    NOTHING_TO_CANCEL = "nothing_to_cancel",
        "The run has no pull request that could be closed.",
        "ask `/status RUN` where it is; a run whose comment is deleted ends without a pull request";
    NOT_OPEN = "not_open",
        "The pull request of the run is merged or closed already.",
        "undo a merged one with `/rollback RUN`; a closed one needs nothing";
    CONTAINED = "contained",
        "Another run makes the same target safer, and goes first.",
        "merge or close its pull request, then comment the command again if it is still wanted";
    BASE_MOVED = "base_moved",
        "The base branch changed while the run was working, in a way that makes the plan void.",
        "comment the command again: it is then planned on the new base";
    PLAN_CHANGED = "plan_changed",
        "Planning again gave another plan than the recorded one: writ or its library was changed in between.",
        "comment the command again";
    BRANCH_EXISTS = "branch_exists",
        "The branch for this request exists already.",
        "check that branch; delete it if it is not wanted, then ask again";
    PUSH_REJECTED = "push_rejected",
        "The repository does not take the branch.",
        "allow writ's account to push such branches (rulesets, hooks, permissions), then comment the command again";
    PULL_REQUEST_UNKNOWN = "pull_request_unknown",
        "The forge has no pull request with this number any more.",
        "do nothing: it no longer exists";
    UNAVAILABLE = "unavailable",
        "The forge, the repository or the database did not answer. Nothing was changed.",
        "wait until it does, then comment the command again or redeliver the webhook";
    FAULT = "fault",
        "Writ, its settings or its rights are at fault.",
        "show the message or the delivery's id to whoever runs writ: its log says more";
    MERGED_OVER_DENIAL = "merged_over_denial",
        "A pull request was merged although `writ/policy` denied it or the approval that it needed was missing.",
        "revert or mend it; if it is meant, have someone other than its author approve exactly its merged commit";
}
