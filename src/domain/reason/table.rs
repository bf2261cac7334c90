//! The table of reason codes as a whole, and the codes that were renamed.

use super::code::Definition;
use super::{approvals, commands, deliveries, lanes, ledger, planning, runs, terminal, yaml};
use crate::domain::yaml::Reason;

/// A code that earlier versions emitted, which records and old comments still have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    /// The old code.
    pub old: &'static str,
    /// The codes that took its place.
    pub new: &'static [&'static str],
}

const RENAMED: &[Renamed] = &[
    Renamed { old: "argument_twice", new: &["repeated_argument"] },
    Renamed { old: "argument_unknown", new: &["unknown_argument"] },
    Renamed { old: "branch_taken", new: &["branch_exists"] },
    Renamed { old: "reason_invalid", new: &["forbidden_character", "value_too_long"] },
    Renamed { old: "reason_missing", new: &["missing_reason"] },
    Renamed { old: "run_unknown", new: &["unknown_run"] },
];

/// Every code that the program itself can emit, by area. Codes of policies and procedures are in their own files.
pub fn definitions() -> impl Iterator<Item = Definition> {
    let rows = [
        commands::ROWS,
        planning::ROWS,
        runs::ROWS,
        approvals::ROWS,
        lanes::ROWS,
        deliveries::ROWS,
        ledger::ROWS,
        terminal::ROWS,
    ];
    let yaml = Reason::ALL.iter().map(|reason| yaml::row(*reason));
    rows.into_iter().flatten().copied().chain(yaml)
}

/// The row of a code; `None` for a code of a policy or procedure, and for one that nobody emits.
#[must_use]
pub fn definition(code: &str) -> Option<Definition> {
    definitions().find(|definition| definition.code == code)
}

/// The codes that were renamed.
#[must_use]
pub fn renamings() -> &'static [Renamed] {
    RENAMED
}

/// The successors of a code that is not emitted any more; `None` for any other.
#[must_use]
pub fn renamed(code: &str) -> Option<Renamed> {
    RENAMED.iter().find(|renamed| renamed.old == code).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::code::Area;
    use super::*;
    use crate::domain::approval::NotCountedReason;

    #[test]
    fn no_code_has_two_rows_and_no_meaning_two_codes() {
        let (mut codes, mut meanings) = (BTreeSet::new(), BTreeSet::new());
        for definition in definitions() {
            assert!(codes.insert(definition.code), "`{}` has two rows", definition.code);
            assert!(meanings.insert(definition.meaning), "two codes mean: {}", definition.meaning);
            assert!(Area::ALL.contains(&definition.area));
        }
    }

    #[test]
    fn codes_are_words_and_rows_are_sentences() {
        for Definition { code, meaning, remedy, .. } in definitions() {
            let is_word = code.bytes().all(|byte| byte.is_ascii_lowercase() || b"_8".contains(&byte));
            assert!(is_word && code.len() > 2, "{code}");
            assert!(meaning.ends_with('.') && meaning.len() > 10, "{code}: {meaning}");
            assert!(!remedy.is_empty() && !remedy.ends_with('.'), "{code}: {remedy}");
        }
    }

    #[test]
    fn renamed_codes_are_gone_and_lead_to_codes_that_are_there() {
        for Renamed { old, new } in renamings() {
            assert!(definition(old).is_none(), "`{old}` is still emitted");
            assert!(!new.is_empty());
            for code in *new {
                assert!(definition(code).is_some(), "`{old}` leads to `{code}`, which nobody emits");
            }
        }
    }

    #[test]
    fn every_reason_not_to_count_a_review_is_explained() {
        let all = [
            NotCountedReason::NotHuman,
            NotCountedReason::Agent,
            NotCountedReason::Requester,
            NotCountedReason::NotWriter,
            NotCountedReason::OtherCommit,
            NotCountedReason::Dismissed,
        ];
        for why in all {
            let code = serde_json::to_value(why).unwrap();
            assert!(definition(code.as_str().unwrap()).is_some(), "{code}");
        }
        for state in ["missing", "objected", "diverged", "fallen", "not_offered"] {
            assert!(definition(state).is_some(), "{state}");
        }
    }
}
