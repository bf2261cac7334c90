//! JUnit XML, as CI systems read it: one suite per policy, one test per finding; a policy that finds nothing passes.

use std::fmt::Write as _;

use crate::domain::policy::{Level, Policy};

use super::explained;
use super::report::{Placed, Report};

/// The whole document.
pub fn suites(report: &Report, policies: &[Policy]) -> String {
    let results = &report.verdict.results;
    let mut names: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    // A finding of none of them, such as a fault of the rules, is a suite too.
    names.extend(results.iter().map(|placed| placed.finding.policy.as_str()));
    names.sort_unstable();
    names.dedup();
    let mut body = String::new();
    let mut tests = 0;
    for name in names {
        let found: Vec<&Placed> = results.iter().filter(|placed| placed.finding.policy == name).collect();
        tests += found.len().max(1);
        suite(&mut body, name, &found, policies);
    }
    let denied = results.iter().filter(|placed| placed.finding.level == Level::Deny).count();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"writ check\" tests=\"{tests}\" failures=\"{denied}\" errors=\"0\">\n{body}</testsuites>\n"
    )
}

fn suite(out: &mut String, policy: &str, found: &[&Placed], policies: &[Policy]) {
    let denied = found.iter().filter(|placed| placed.finding.level == Level::Deny).count();
    let (name, tests) = (escaped(policy), found.len().max(1));
    // OK because writing into a String cannot fail.
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{denied}\" errors=\"0\" skipped=\"0\">"
    );
    if found.is_empty() {
        let _ = writeln!(out, "    <testcase classname=\"writ.{name}\" name=\"no findings\"/>");
    }
    for placed in found {
        case(out, placed, policies);
    }
    out.push_str("  </testsuite>\n");
}

fn case(out: &mut String, placed: &Placed, policies: &[Policy]) {
    let finding = &placed.finding;
    let line = placed.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = format!("{}{line} {}", finding.path, finding.pointer);
    let name = escaped(format!("{} {}", finding.code, place).trim());
    let file =
        if finding.path.is_empty() { String::new() } else { format!(" file=\"{}\"", escaped(&finding.path)) };
    let line = placed.line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
    let policy = escaped(&finding.policy);
    let _ = writeln!(out, "    <testcase classname=\"writ.{policy}\" name=\"{name}\"{file}{line}>");
    let explanation = explained(policies, &finding.policy, &finding.code);
    let text = escaped(&format!(
        "{}\n{}\n{explanation}\nWhat to do: {}",
        finding.message,
        place.trim(),
        finding.remedy
    ));
    let _ = match finding.level {
        Level::Deny => writeln!(
            out,
            "      <failure type=\"{}\" message=\"{}\">{text}</failure>",
            escaped(&finding.code),
            escaped(&finding.message)
        ),
        Level::Warn => writeln!(out, "      <system-out>warning: {text}</system-out>"),
    };
    out.push_str("    </testcase>\n");
}

/// Text that may stand in an element or in quotes; characters that XML 1.0 does not know are shown as `�`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_quotes_or_elements() {
        assert_eq!(escaped("a<b>&\"c\"\u{1b}[31m"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}[31m");
    }
}
