//! Circumstances: what of clock and settings bears upon a verdict, resolved, so that it can be recorded and applied again.
//!
//! **Invariants**: no rule reads a clock; a verdict follows from the change, the library and these. What is observed
//! decides nothing and is shown as what it would be. What writ itself planned is never observed, and neither is what
//! makes other rules blind or cannot be taken back ([`may_be_observed`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::value;
use super::verdict::{Decision, Finding, Level, Verdict};
use crate::domain::reason;

/// What bears upon a verdict beside the change and the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// When it is judged.
    pub at: Timestamp,
    /// The rules that are observed in this repository, whether or not their time is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<ObservedRule>,
    /// The window of the repository's calendar; `None` where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// A rule that decides nothing until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedRule {
    /// The name of a policy, or a code.
    pub rule: String,
    /// When it begins to decide.
    pub until: Timestamp,
}

/// When restoring and promoting need a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// `frozen` or `outside_hours`: what closes it now, or what closes it next.
    pub code: String,
    /// The name of the freeze; empty for hours.
    pub name: String,
    /// Whether it is closed.
    pub closed: bool,
    /// When that changes; `None` where that is too far away to say.
    pub until: Option<Timestamp>,
}

/// The code of a window in a freeze.
pub const FROZEN: &str = "frozen";
/// The code of a window outside the hours of the market.
pub const OUTSIDE_HOURS: &str = "outside_hours";

/// Policies that cannot be observed: they keep secrets and the limits of writ, or other rules see nothing without them.
const ENFORCED: [&str; 4] = ["no-secrets", "gitops-scope", "planned-change-only", "effective-manifests"];

/// Whether a policy or code can be observed.
#[must_use]
pub fn may_be_observed(rule: &str) -> bool {
    !ENFORCED.contains(&rule) && reason::POLICY_FAULT.as_str() != rule && !is_of_window(rule)
}

fn is_of_window(code: &str) -> bool {
    [FROZEN, OUTSIDE_HOURS].contains(&code)
}

impl Default for Circumstances {
    fn default() -> Self {
        Self { at: Timestamp::UNIX_EPOCH, observe: Vec::new(), window: None }
    }
}

impl Circumstances {
    /// Whether they change no verdict.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.observe.is_empty() && self.window.is_none()
    }

    /// The same, for a change that writ itself planned: nothing of it is observed.
    #[must_use]
    pub fn of_plan(&self) -> Self {
        Self { observe: Vec::new(), ..self.clone() }
    }

    /// The rule that is observed now, of those that found this.
    fn observing(&self, finding: &Finding) -> Option<&ObservedRule> {
        let names = |rule: &&ObservedRule| rule.rule == finding.policy || rule.rule == finding.code;
        let found = self.observe.iter().filter(names).find(|rule| self.at < rule.until);
        found.filter(|_| may_be_observed(&finding.policy) && may_be_observed(&finding.code))
    }
}

impl Facts {
    /// The same facts for rules about a window. Rules speak as if it were closed; [`Verdict::under`] takes it back while
    /// it is open.
    #[must_use]
    pub fn in_window(mut self, window: Option<&Window>) -> Self {
        let Some(window) = window else { return self };
        let until = window.until.filter(|_| window.closed).map(|until| until.to_string());
        let window = value::object([
            ("code", regorus::Value::from(window.code.as_str())),
            ("name", regorus::Value::from(window.name.as_str())),
            ("until", until.map_or(regorus::Value::Null, |until| regorus::Value::from(until.as_str()))),
        ]);
        // OK because the input is always an object.
        if let Ok(input) = self.input.as_object_mut() {
            input.insert(regorus::Value::from("window"), window);
        }
        self
    }
}

/// A verdict, and when it has to be given again although nothing else changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// When; `None` for never.
    pub until: Option<Timestamp>,
}

impl Verdict {
    /// This verdict under circumstances: findings of an open window go, what is observed decides nothing.
    #[must_use]
    pub fn under(self, circumstances: &Circumstances) -> TimedVerdict {
        let mut until: Option<Timestamp> = None;
        let mut sooner = |at: Option<Timestamp>| until = [until, at].into_iter().flatten().min();
        let (mut results, mut observed) = (Vec::new(), self.observed);
        for finding in self.results {
            if is_of_window(&finding.code)
                && let Some(window) = &circumstances.window
            {
                sooner(window.until);
                if !window.closed {
                    continue;
                }
            }
            match circumstances.observing(&finding) {
                Some(rule) if finding.level >= Level::Review => {
                    sooner(Some(rule.until));
                    observed.push(finding);
                }
                _ => results.push(finding),
            }
        }
        if self.decision == Decision::NoChange {
            return TimedVerdict { verdict: Self::no_change(), until };
        }
        results.extend(self.standing);
        let verdict = Self { observed, ..Self::of(results) };
        TimedVerdict { verdict, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(policy: &str, code: &str, level: Level) -> Finding {
        Finding {
            policy: policy.to_owned(),
            code: code.to_owned(),
            level,
            message: "a thing".to_owned(),
            path: String::new(),
            pointer: String::new(),
            remedy: "nothing".to_owned(),
            place: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn observing(rule: &str, now: i64) -> Circumstances {
        let rule = ObservedRule { rule: rule.to_owned(), until: at(100) };
        Circumstances { at: at(now), observe: vec![rule], window: None }
    }

    #[test]
    fn what_is_observed_decides_nothing_until_its_time() {
        let verdict = || {
            Verdict::of(vec![
                finding("closed-world", "unclassified", Level::Review),
                finding("data-kept", "data_lost", Level::Deny),
            ])
        };
        for rule in ["data-kept", "data_lost"] {
            let TimedVerdict { verdict: now, until } = verdict().under(&observing(rule, 99));
            assert_eq!((now.decision, until), (Decision::Review, Some(at(100))), "{rule}");
            assert_eq!(now.observed, [finding("data-kept", "data_lost", Level::Deny)], "as what it would be");
            let TimedVerdict { verdict: now, until } = verdict().under(&observing(rule, 100));
            assert_eq!((now.decision, now.observed.len(), until), (Decision::Deny, 0, None), "{rule}");
        }
        let other = verdict().under(&observing("no-such-rule", 99));
        assert_eq!(other.verdict.decision, Decision::Deny);
        let warning = Verdict::of(vec![finding("a", "b", Level::Warn)]).under(&observing("a", 99));
        assert_eq!(warning.verdict.decision, Decision::Warn, "a warning decides nothing anyway");
    }

    #[test]
    fn what_keeps_secrets_and_scope_is_never_observed() {
        for (policy, code) in [
            ("no-secrets", "secret_value"),
            ("gitops-scope", "out_of_scope"),
            ("planned-change-only", "unplanned"),
            ("effective-manifests", "not_built"),
            ("any", "policy_fault"),
        ] {
            for rule in [policy, code] {
                let judged = Verdict::of(vec![finding(policy, code, Level::Deny)]).under(&observing(rule, 1));
                assert_eq!(judged.verdict.decision, Decision::Deny, "{rule}");
            }
        }
    }

    #[test]
    fn an_open_window_asks_nobody_and_is_judged_again_when_it_closes() {
        let verdict = || Verdict::of(vec![finding("restoring-hours", "frozen", Level::Review)]);
        let in_window = |closed: bool| {
            let window =
                Window { code: "frozen".to_owned(), name: "x".to_owned(), closed, until: Some(at(50)) };
            Circumstances { at: at(1), observe: vec![], window: Some(window) }
        };
        let open = verdict().under(&in_window(false));
        assert_eq!((open.verdict.decision, open.until), (Decision::Allow, Some(at(50))));
        let closed = verdict().under(&in_window(true));
        assert_eq!((closed.verdict.decision, closed.until), (Decision::Review, Some(at(50))));
        assert_eq!(Verdict::no_change().under(&in_window(true)).verdict, Verdict::no_change());
        assert_eq!(Verdict::of(vec![]).under(&in_window(false)).until, None, "nothing restores");
    }
}
