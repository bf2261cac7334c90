//! Codes of requests that are understood and cannot be planned.

use super::code::{Area, Code, Definition, reasons};

reasons! { Planning:
    ARGUMENT_MISSING = "argument_missing",
        "The procedure needs an argument that was not given and has no default.",
        "add the argument; `/explain PROCEDURE` says which values it takes";
    ARGUMENT_INVALID = "argument_invalid",
        "The value of an argument is not one that the procedure takes.",
        "give one of the values that `/explain PROCEDURE` lists";
    CONFIRMATION_MISSING = "confirmation_missing",
        "The procedure must be confirmed with its phrase, and no phrase was given.",
        "add `confirm=PHRASE` if you mean it; `/explain PROCEDURE` says the phrase";
    CONFIRMATION_WRONG = "confirmation_wrong",
        "The phrase that was given is not that of the procedure.",
        "add `confirm=PHRASE` with the phrase that `/explain PROCEDURE` says, if you mean it";
    NO_VARIANT = "no_variant",
        "The base has a layout that no variant of the procedure fits.",
        "check that the base is the branch that Argo CD follows, and that the manifests have not moved";
    AMBIGUOUS_VARIANT = "ambiguous_variant",
        "More than one variant of the procedure fits the base.",
        "make the variants' conditions mutually exclusive";
    OBJECT_AMBIGUOUS = "object_ambiguous",
        "A file has more than one object with the kind and name that the procedure edits.",
        "keep only one of them in the file";
    NOT_A_REGULAR_FILE = "not_a_regular_file",
        "The manifest to edit is a symbolic link, a submodule or a Git LFS pointer.",
        "replace it with a regular file that contains the manifest";
    UNREADABLE_MANIFEST = "unreadable_manifest",
        "A manifest that the procedure reads is not YAML that is safe to edit.",
        "correct the YAML at the place that the refusal names";
    EFFECT_MISSING = "effect_missing",
        "The edit alone would not have the effect that the procedure is for, because another field prevents it.",
        "put that field right by its own change first";
    COMPANION_LEFT_BEHIND = "companion_left_behind",
        "Values that belong together would differ after the change.",
        "give them the same value first, or change them together";
    NOTHING_TO_UNDO = "nothing_to_undo",
        "The run that was to be rolled back has changed nothing.",
        "ask `/status RUN` how it ended";
    NEEDS_NO_UNDO = "needs_no_undo",
        "The run that was to be rolled back did something that is not undone, such as a restart.",
        "nothing; what it changed may stay as it is";
    NOT_MERGED = "not_merged",
        "The pull request of the run that was to be rolled back is still open, so there is nothing to roll back.",
        "close it with `/cancel RUN`, or roll the run back once it is merged";
    RECORD_UNREADABLE = "record_unreadable",
        "What the ledger recorded of the run was written by a version of writ that this one does not understand.",
        "undo the run with `git revert`";
    NOT_INVERTIBLE = "not_invertible",
        "The run changed something that cannot be put back field by field, such as a whole file.",
        "undo the run with `git revert`";
    MOVED_SINCE = "moved_since",
        "A field that the rollback would put back has changed since the run.",
        "find out who changed it and why; then use the procedure that sets what you want";
    BODY_TOO_LONG = "body_too_long",
        "The text of the pull request would not fit into one body, even with empty tables.",
        "shorten `templates/pull_request.md` and the procedure's texts";
    NOT_EXACT = "not_exact",
        "Putting the recorded values back would change more or less than the run did.",
        "undo the run with `git revert`";
}
