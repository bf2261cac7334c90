//! Codes of the ledger: keys, proofs, checkpoints, audits.

use super::code::{Area, Code, Definition, reasons};

reasons! { Ledger:
    LEDGER_NAME_INVALID = "ledger_name_invalid",
        "The ledger's name cannot be used in a checkpoint.",
        "use a host and path, such as `writ.example.org/ledger`";
    SIGNING_KEY_INVALID = "signing_key_invalid",
        "The file of the signing key holds no ed25519 key, or the key of another ledger.",
        "generate a key with `openssl genpkey -algorithm ed25519`, or use that ledger's own key";
    VERIFIER_KEY_INVALID = "verifier_key_invalid",
        "The file of the verifier key holds no key that checkpoints can be verified with.",
        "give the output of `writ audit key` as a file: one key per line, `#` starts a comment";
    PROOF_MISSING = "proof_missing",
        "The pull request's body has no record, or no proof of it.",
        "give the body's Markdown source, as `gh pr view N --json body --jq .body` prints it";
    PROOF_AMBIGUOUS = "proof_ambiguous",
        "The pull request's body has more than one record or proof, or one that does not end.",
        "believe none of them; the ledger has the record";
    PROOF_MALFORMED = "proof_malformed",
        "The proof is not in the format `c2sp.org/tlog-proof@v1`.",
        "compare it with what `writ audit prove` prints";
    RECORD_NOT_CANONICAL = "record_not_canonical",
        "The record is not canonical JSON, so its hash cannot be that of a leaf.",
        "compare it with what `writ audit prove` prints";
    RECORD_NOT_INCLUDED = "record_not_included",
        "The record is not in the ledger that the checkpoint vouches for.",
        "do not trust the record; `writ audit verify` checks the ledger";
    BODY_DIFFERS = "body_differs",
        "The record is genuine, but what the pull request's body shows differs from it.",
        "believe the record, not the body";
    CHECKPOINT_MALFORMED = "checkpoint_malformed",
        "The checkpoint is not a signed note.",
        "keep the file as evidence, and compare it with a backup";
    CHECKPOINT_KEY_UNKNOWN = "checkpoint_key_unknown",
        "No key that was given has signed the checkpoint.",
        "give the verifier key of this ledger (`writ audit key` prints it)";
    CHECKPOINT_SIGNATURE_WRONG = "checkpoint_signature_wrong",
        "The checkpoint's signature was not made of this checkpoint by its key.",
        "do not trust it, and compare it with a backup";
    CHECKPOINT_NAME_DIFFERS = "checkpoint_name_differs",
        "The checkpoint is signed by a key with another name than the ledger's.",
        "check that checkpoint and key belong to the same ledger";
    CHECKPOINT_KEY_RETIRED = "checkpoint_key_retired",
        "The checkpoint is signed by a key after that key was replaced by another.",
        "find out who has the old key, and compare the ledger with a checkpoint that was kept elsewhere";
    CHECKPOINT_MISSING = "checkpoint_missing",
        "Checkpoints are missing: a number is left out, or one covers what was written over minutes.",
        "keep the file as evidence, and compare the ledger with checkpoints that were kept elsewhere (`--checkpoint`)";
    CHECKPOINT_BACKWARDS = "checkpoint_backwards",
        "A checkpoint covers fewer leaves than one that was signed before it.",
        "keep the file as evidence, and compare the ledger with checkpoints that were kept elsewhere (`--checkpoint`)";
    LEAVES_UNSEALED = "leaves_unsealed",
        "The end of the ledger is covered by no checkpoint, and older than the second in which a server signs it.",
        "start `writ serve`: it signs what it was stopped before it could sign; if a server runs, do not believe these records";
    LEDGER_ROLLED_BACK = "ledger_rolled_back",
        "A checkpoint that was kept outside the database covers leaves that the ledger does not have.",
        "use the newest copy of the database; only if it is lost, `writ audit adopt --reason TEXT` goes on from this one and records it";
    LEDGER_FORKED = "ledger_forked",
        "A checkpoint that was kept outside the database covers other leaves than the ledger has.",
        "keep the file as evidence and restore the database; `writ audit adopt --reason TEXT` goes on from this one and records it";
    LEDGER_KEY_NEW = "ledger_key_new",
        "The signing key is not the one that signed the ledger so far, and that one did not sign it.",
        "put the old key back and replace it with `writ audit rotate-key`; only if it is lost, `writ audit adopt --reason TEXT`";
    LEDGER_KEY_REPLACED = "ledger_key_replaced",
        "The ledger says that this signing key was replaced by another.",
        "run `writ audit rotate-key` again to finish what was interrupted, or restart the server with the new key";
    KEY_ROTATION_FALSE = "key_rotation_false",
        "A record names a new signing key that the old one did not sign, or that no checkpoint vouches for.",
        "keep the file as evidence; believe nothing that only the new key signed";
    KEPT_CHECKPOINT_UNUSABLE = "kept_checkpoint_unusable",
        "The checkpoint that is kept outside the database cannot be read or is not to be trusted.",
        "restore the file, or find out what the ledger was; `writ audit adopt --reason TEXT` goes on without it and records it";
    NOTHING_TO_ADOPT = "nothing_to_adopt",
        "The ledger continues every checkpoint that is kept outside of it.",
        "start `writ serve`";
    ROW_DIFFERS = "row_differs",
        "A row that pages and replies are made of is not what the records say.",
        "believe the records (`writ audit show RUN`), not the page";
    CHECKPOINT_MISFILED = "checkpoint_misfiled",
        "A checkpoint is stored under another size than it states.",
        "keep the file as evidence, and compare it with a backup";
    LEAF_MISSING = "leaf_missing",
        "A leaf of the ledger is missing.",
        "keep the file as evidence; compare it with a backup and with the proofs in pull requests";
    LEAF_ALTERED = "leaf_altered",
        "A leaf's data does not have the hash that was stored with it.",
        "keep the file as evidence; compare this leaf with a backup and with the proof in its pull request";
    LEAF_UNREADABLE = "leaf_unreadable",
        "A leaf is not a record in canonical JSON.",
        "keep the file as evidence; compare this leaf with a backup";
    LEAF_MISFILED = "leaf_misfiled",
        "A leaf is stored with another run than its record names.",
        "keep the file as evidence; believe the record, not the run beside it";
    NODE_ALTERED = "node_altered",
        "An inner node of the tree is not the hash of the nodes below it.",
        "keep the file as evidence; compare the tree with that of a backup";
    LEAVES_LOST = "leaves_lost",
        "A checkpoint vouches for more leaves than the ledger has.",
        "keep the file as evidence, and restore the leaves from a backup";
    HISTORY_CHANGED = "history_changed",
        "The leaves are not those that a checkpoint vouches for.",
        "keep the file as evidence, and find the first leaf that differs from a backup";
    DATABASE_UNSOUND = "database_unsound",
        "The database file is damaged, or its protections were removed.",
        "keep the file as evidence and restore it from a backup; `writ audit verify-pr` works without it";
    DATABASE_MISSING = "database_missing",
        "There is no database file at this path.",
        "name it with `--database` or WRIT_DATABASE";
    DATABASE_NEWER = "database_newer",
        "The database was written by a newer version of writ.",
        "use the version of writ that wrote it";
    DATABASE_UNAVAILABLE = "database_unavailable",
        "The database cannot be read.",
        "check that the file and its folder can be read";
    LEAF_UNKNOWN = "leaf_unknown",
        "The ledger has no record of this run or index.",
        "check the run's id or the leaf's index; `writ audit verify` says how many leaves there are";
    LEAF_NOT_SEALED = "leaf_not_sealed",
        "No signed checkpoint covers the leaf yet.",
        "wait: a server signs every record within a second";
    NOT_REPLAYABLE = "not_replayable",
        "What the run was decided with is not here: its library was not stored, its base or head is gone, or an earlier version did not record it.",
        "give the repository that has the commits with `--repo`; runs of version 0.1.0 have no stored library";
    REPLAY_DIFFERS = "replay_differs",
        "Planned and judged again from what was recorded, the run comes to something else.",
        "run `writ audit verify`; if the ledger is sound, the program decides differently than the one that decided";
    DECISION_ALTERED = "decision_altered",
        "With the changed policies, a past run would have been decided differently.",
        "read the findings that come and go; change the policies if that is not what you want";
    RUNTIME = "runtime",
        "The program could not start its threads.",
        "try again";
}
