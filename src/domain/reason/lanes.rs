//! Codes of findings that no Rego rule makes: lanes, policies that fail.

use super::code::{Area, Code, Definition, reasons};

reasons! { Lanes:
    FOREIGN_PATH = "foreign_path",
        "A lane's change touches a path that another lane of its family owns.",
        "leave the path to the lane that owns it: one pull request per lane";
    UNOWNED_PATH = "unowned_path",
        "A lane's change touches a path that no lane of its family owns.",
        "have the path's owner review the change";
    UNKNOWN_LANE = "unknown_lane",
        "The branch name is reserved for lanes but matches no lane's pattern.",
        "name the branch by its lane's pattern; give `--lane` one of the ids in `policies/lanes.yaml`";
    FORBIDDEN_BRANCH = "forbidden_branch",
        "The repository merges pull requests from such branches automatically, so nobody would have approved the change.",
        "propose the change from a branch of the lane's pattern";
    BRANCH_REUSED = "branch_reused",
        "The branch is used by another open pull request, or its name belongs to a different run.",
        "use a new branch for each run";
    FACTS_MISSING = "facts_missing",
        "A lane's pull request does not state the versions of configuration, model and prompt that produced it.",
        "add a fenced block `reproducibility` to its body with a line `name: version` for each";
    FORK_BRANCH = "fork_branch",
        "A lane's branch is in a fork; lanes work in the repository itself.",
        "push the branch to the repository itself";
    VALIDATION_MISSING = "validation_missing",
        "A check run that `policies/lanes.yaml` names for the lane is not green on exactly this head.",
        "mend what the check run complains about and push, or run it again; the verdict follows by itself";
    POLICY_FAULT = "policy_fault",
        "The policies could not be evaluated, or not in time. Nothing is published that was not judged.",
        "correct the policy file, or ask its owner to";
}
