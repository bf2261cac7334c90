//! Codes of the command line: arguments, files and settings.

use super::code::{Area, Code, Definition, reasons};

reasons! { Terminal:
    UNKNOWN_CODE = "unknown_code",
        "No part of writ, no policy and no procedure emits this code.",
        "check the spelling: `docs/reasons.md` lists all codes, `writ policies` those of the policies";
    UNKNOWN_REVISION = "unknown_revision",
        "The repository has no such branch, tag or commit.",
        "give a branch, tag or commit id; in a shallow clone, fetch it first";
    NO_REPOSITORY = "no_repository",
        "The folder is not a git repository.",
        "give the folder of a git repository with `--repo`";
    NO_BASE = "no_base",
        "No base was given, and the repository has no branch that is usually one.",
        "name the revision to compare with, using `--base`";
    SHALLOW_CLONE = "shallow_clone",
        "The clone is shallow and does not have the commit at which base and head parted.",
        "fetch the full history (`git fetch --unshallow`; with actions/checkout, `fetch-depth: 0`)";
    PATH_INVALID = "path_invalid",
        "The path to the manifests, or a watched path, is absolute, has a part `..`, or names nothing below the repository's root.",
        "give the folder relative to the repository's root, such as `apps/shop`";
    NO_MANIFESTS = "no_manifests",
        "Neither side of the change has a YAML or JSON file below the path to the manifests, so nothing can be judged.",
        "correct the path: `--path` of `writ check`, `gitops_path` of the repository in the settings, or `policies/target.yaml`";
    JUDGING_STOPPED = "judging_stopped",
        "Judging the pull request took more time or memory than `judge.seconds` and `judge.memory_mib` allow.",
        "propose a smaller change to the manifests; if this one is small, report it to the people who run writ";
    LIBRARY_UNREADABLE = "library_unreadable",
        "The folder of the library cannot be read.",
        "give a folder that can be read with `--library`";
    LIBRARY_INVALID = "library_invalid",
        "A procedure, a policy or the table of lanes in the library is wrong.",
        "correct the file at the place that the error names";
    LIBRARY_INCOMPLETE = "library_incomplete",
        "The policies of the library do not judge everything that the embedded ones do: a rule is missing.",
        "put the rule back, or name its codes under `retired_codes` in `policies/target.yaml`";
    TEMPLATE_INVALID = "template_invalid",
        "A template in the library does not compile.",
        "correct the template";
    FILE_UNREADABLE = "file_unreadable",
        "A file that the command line names cannot be read.",
        "check the path and its permissions";
    FILE_UNWRITABLE = "file_unwritable",
        "The result cannot be written. The file is unchanged.",
        "check the disk and the folder's permissions";
    PATCH_INVALID = "patch_invalid",
        "The file with the operations is not an RFC 6902 patch.",
        "write an RFC 6902 patch, such as `[{\"op\": \"replace\", \"path\": \"/a/0\", \"value\": 1}]`";
    STANDARD_INPUT_TAKEN = "standard_input_taken",
        "Standard input is named where only a file can be used, or is named twice.",
        "give a file";
    WHOLE_OBJECT = "whole_object",
        "The files differ by a whole object, which a patch of one document cannot express.",
        "use `--format text` or `json`, which show it";
    SETTINGS_UNREADABLE = "settings_unreadable",
        "The settings file cannot be read.",
        "check the path and its permissions";
    SETTINGS_INVALID = "settings_invalid",
        "The settings file is not YAML, or has an unknown key or a value of the wrong type.",
        "correct the file at the place that the error names; `writ config check` lists the settings";
    SETTING_INVALID = "setting_invalid",
        "A setting has a value that cannot be used.",
        "correct the value in the source that the error names";
    SETTING_MISSING = "setting_missing",
        "A setting that is needed has no value.",
        "give it a value; `writ config check` lists the settings";
}
