//! Examples and exit codes of each command, for its `--help` and man page. A test reads each example as a command line.

/// One command's examples: what each does, and its command line.
struct Examples {
    /// The command: `audit verify`.
    command: &'static str,
    lines: &'static [(&'static str, &'static str)],
    exit: &'static str,
}

const USUAL_EXIT: &str = "0 done · 1 refused · 2 usage · 3 fault";

const TABLE: &[Examples] = &[
    Examples {
        command: "demo",
        lines: &[
            ("the whole story, then pages until Ctrl-C", "writ demo"),
            ("the story alone, for a script", "writ demo --once"),
        ],
        exit: "0 done · 2 usage · 3 fault",
    },
    Examples {
        command: "serve",
        lines: &[
            ("with a settings file", "writ serve --file /etc/writ/writ.yaml"),
            ("with one setting changed", "writ serve --set workers=4"),
        ],
        exit: "0 stopped · 2 the settings are wrong · 3 it could not start",
    },
    Examples {
        command: "procedures",
        lines: &[("all of them", "writ procedures"), ("one of them", "writ procedures pause-trading")],
        exit: "0 listed · 1 unknown · 2 usage · 3 fault",
    },
    Examples {
        command: "plan",
        lines: &[(
            "what a pause would change",
            "writ plan pause-trading --repo . --reason \"broker rejects orders\"",
        )],
        exit: "0 planned · 1 denied, refused, or no change · 2 usage · 3 fault",
    },
    Examples {
        command: "apply",
        lines: &[(
            "commit the pause to a new local branch",
            "writ apply pause-trading --repo . --reason \"broker rejects orders\"",
        )],
        exit: "0 committed · 1 denied, refused, or no change · 2 usage · 3 fault",
    },
    Examples {
        command: "check",
        lines: &[
            ("the last commit", "writ check --repo . --base HEAD~1 --head HEAD"),
            ("a branch, in CI", "writ check --repo . --base origin/main --head HEAD --format sarif"),
        ],
        exit: "0 weaker than --fail-on · 1 as strong, or stronger (by default: denied) · 2 usage · 3 fault",
    },
    Examples {
        command: "policies",
        lines: &[("all of them, for a program", "writ policies --format json")],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "policies explain",
        lines: &[("what a code means", "writ policies explain forwarder_replicas")],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "policies test",
        lines: &[("your own rules", "writ policies test --library .")],
        exit: "0 all pass · 1 one fails · 2 usage · 3 fault",
    },
    Examples {
        command: "policies history",
        lines: &[
            ("how often each code would have been found", "writ policies history --repo . --path apps/shop"),
            (
                "changed rules on the last 500 commits",
                "writ policies history HEAD~500.. --repo . --library ./writ",
            ),
        ],
        exit: "0 counted · 2 usage · 3 fault",
    },
    Examples {
        command: "library list",
        lines: &[("what a folder changes", "writ library list --library ./writ")],
        exit: "0 listed · 2 usage · 3 a file is wrong, or a rule is missing",
    },
    Examples {
        command: "config check",
        lines: &[
            ("before a start", "writ config check --file /etc/writ/writ.yaml"),
            ("without asking other machines, for a program", "writ config check --offline --format json"),
        ],
        exit: "0 the settings hold · 2 they do not · 3 fault",
    },
    Examples {
        command: "patch",
        lines: &[
            ("to standard output", "writ patch deployment.yaml --ops scale.json"),
            ("in place, with a proof", "writ patch deployment.yaml --ops scale.json --in-place --proof"),
            ("many in one process", "writ patch --batch jobs.jsonl"),
        ],
        exit: "0 done · 1 refused, or with `--batch` one of the jobs was · 2 usage · 3 fault",
    },
    Examples {
        command: "diff",
        lines: &[("by object and field", "writ diff before.yaml after.yaml")],
        exit: "0 compared · 1 with `--exit-code`, they differ · 2 usage · 3 fault",
    },
    Examples {
        command: "audit show",
        lines: &[("what one run did", "writ audit show 4ci42qmgkkshwp7m --database data/writ.db")],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "audit verify",
        lines: &[("the whole ledger", "writ audit verify --database data/writ.db --key ledger.vkey")],
        exit: "0 it holds · 1 it does not · 2 usage · 3 fault",
    },
    Examples {
        command: "audit verify-pr",
        lines: &[(
            "a pull request's body, on any machine",
            "gh pr view 7 --json body --jq .body | writ audit verify-pr --body - --key ledger.vkey",
        )],
        exit: "0 it holds · 1 it does not · 2 usage · 3 fault",
    },
    Examples {
        command: "audit key",
        lines: &[("the verifier key, to publish", "writ audit key --signing-key data/ledger.key")],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "audit rotate-key",
        lines: &[(
            "a new key, while the server is stopped",
            "writ audit rotate-key --database data/writ.db --signing-key data/ledger.key",
        )],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "audit adopt",
        lines: &[(
            "go on with a restored database",
            "writ audit adopt --database data/writ.db --reason \"restored the backup of Monday\"",
        )],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "replay",
        lines: &[
            ("one past run", "writ replay 4ci42qmgkkshwp7m --database data/writ.db"),
            ("what other policies would have decided", "writ replay --all --policies ./library"),
        ],
        exit: "0 the same · 1 differs, altered, or not replayable · 2 usage · 3 fault",
    },
    Examples {
        command: "audit prove",
        lines: &[("one record", "writ audit prove 4ci42qmgkkshwp7m --database data/writ.db")],
        exit: USUAL_EXIT,
    },
    Examples {
        command: "completions",
        lines: &[("for bash", "writ completions bash")],
        exit: "0 printed · 2 usage · 3 fault",
    },
    Examples {
        command: "man",
        lines: &[("into a folder", "writ man ./man1")],
        exit: "0 written · 2 usage · 3 a file cannot be written",
    },
];

/// The command line with the examples at the end of each command's help.
pub(super) fn with_examples(program: clap::Command) -> clap::Command {
    TABLE.iter().fold(program, |program, examples| {
        let path: Vec<&str> = examples.command.split(' ').collect();
        at(program, &path, &examples.text())
    })
}

fn at(command: clap::Command, path: &[&str], text: &str) -> clap::Command {
    match path.split_first() {
        None => command.after_help(text.to_owned()),
        Some((name, rest)) => command.mut_subcommand(name, |inner| at(inner, rest, text)),
    }
}

impl Examples {
    fn text(&self) -> String {
        let mut text = String::from("Examples:\n");
        for (what, line) in self.lines {
            text.push_str(&format!("  # {what}\n  {line}\n"));
        }
        text + &format!("\nExit codes: {}", self.exit)
    }
}

/// The command lines of all examples.
#[cfg(test)]
pub(super) fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.iter().flat_map(|examples| examples.lines).map(|(_, line)| *line)
}
