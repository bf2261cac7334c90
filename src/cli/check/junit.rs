//! JUnit XML, as CI systems read it: one suite per policy, one test per finding, which fails if the check fails for
//! findings of its level; a policy that finds nothing passes.

use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite};

use crate::domain::policy::{Level, Policy};

use super::meaning::explained;
use super::report::Placed;

/// The whole document.
pub(crate) fn suites(listed: &[&Placed], policies: &[Policy], fails: impl Fn(Level) -> bool) -> String {
    let mut names: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    // A finding of none of them, such as a fault of the rules, is a suite too.
    names.extend(listed.iter().map(|placed| placed.finding.policy.as_str()));
    names.sort_unstable();
    names.dedup();
    let mut suites = Suites::new("writ check");
    for name in names {
        let found = listed.iter().filter(|placed| placed.finding.policy == name);
        let cases: Vec<TestCase> =
            found.map(|placed| case(placed, policies, fails(placed.finding.level))).collect();
        suites.add_test_suite(suite(name, cases));
    }
    // OK because writing into memory cannot fail.
    suites.to_string().unwrap_or_else(|error| unreachable!("JUnit XML in memory: {error}"))
}

fn suite(policy: &str, mut cases: Vec<TestCase>) -> TestSuite {
    if cases.is_empty() {
        cases.push(classified(policy, TestCase::new("no findings", TestCaseStatus::success())));
    }
    let mut suite = TestSuite::new(printable(policy));
    suite.add_test_cases(cases);
    suite
}

fn case(placed: &Placed, policies: &[Policy], is_failure: bool) -> TestCase {
    let finding = &placed.finding;
    let line = placed.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = format!("{}{line} {}", finding.path, finding.pointer);
    let explanation = explained(policies, &finding.policy, &finding.code);
    let (message, remedy) = (&finding.message, &finding.remedy);
    let text = printable(&format!("{message}\n{}\n{explanation}\nWhat to do: {remedy}", place.trim()));
    let name = printable(format!("{} {place}", finding.code).trim());
    let mut case = if is_failure {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(printable(&finding.code)).set_message(printable(message)).set_description(text);
        TestCase::new(name, status)
    } else {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        let word = match finding.level {
            Level::Deny => "denied",
            Level::Review => "needs review",
            Level::Warn => "warning",
            Level::Standing => "stood before",
        };
        case.set_system_out(format!("{word}: {text}"));
        case
    };
    if !finding.path.is_empty() {
        case.extra.insert("file".into(), printable(&finding.path).into());
    }
    if let Some(line) = placed.line {
        case.extra.insert("line".into(), line.to_string().into());
    }
    classified(&finding.policy, case)
}

/// The case in the class of its policy.
fn classified(policy: &str, mut case: TestCase) -> TestCase {
    case.set_classname(format!("writ.{}", printable(policy)));
    case
}

/// Text whose characters XML 1.0 knows. Others are shown as `�`, and a tab as a space: the library would drop them.
fn printable(text: &str) -> String {
    let is_unknown = |c: char| matches!(c, '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') && c != '\n';
    text.replace('\t', " ").replace(is_unknown, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_quotes_or_elements() {
        let mut suites = Suites::new("writ check");
        let text = "a<b>&\"c\"\u{1b}[31m\nd\u{fffe}\te";
        let mut case = TestCase::new(printable(text), TestCaseStatus::success());
        case.set_system_out(printable(text));
        suites.add_test_suite(suite("p", vec![case]));
        let document = suites.to_string().unwrap();
        let escaped = "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}[31m\nd\u{fffd} e";
        assert!(document.contains(&format!("<testcase name=\"{escaped}\"")), "{document}");
        assert!(document.contains(&format!("<system-out>{escaped}</system-out>")), "{document}");
    }
}
