//! How the demo talks: chapters, lines and checks, in colour where the terminal shows colour.
//!
//! The colours are dropped for `NO_COLOR` and for anything that is not a terminal.

use anstyle::{AnsiColor, Style};

use crate::cli::output;
use crate::domain::plan::PlanReport;
use crate::domain::policy::Level;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const HEAD: Style = AnsiColor::Cyan.on_default().bold();
const SOFT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// The story so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    chapters: usize,
    /// What should have held and did not.
    pub broken: Vec<String>,
}

impl Story {
    /// The first lines.
    pub(crate) fn begin(&self) {
        output::tell(format_args!(
            "{STRONG}writ demo{STRONG:#}: one comment becomes one audited pull request."
        ));
        output::tell(format_args!("{SOFT}No account, no network: everything runs on this machine.{SOFT:#}"));
    }

    /// Begins a chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.chapters += 1;
        output::tell(format_args!("\n{HEAD}{}  {title}{HEAD:#}", self.chapters));
    }

    /// A plain line.
    pub(crate) fn line(&self, text: &str) {
        output::tell(format_args!("   {text}"));
    }

    /// A line of less weight.
    pub(crate) fn aside(&self, text: &str) {
        output::tell(format_args!("   {SOFT}{text}{SOFT:#}"));
    }

    /// What a person wrote.
    pub(crate) fn quote(&self, text: &str) {
        output::tell(format_args!("   {SOFT}│{SOFT:#} {STRONG}{text}{STRONG:#}"));
    }

    /// A step that ended.
    pub(crate) fn step(&self, name: &str, what: &str, took: &str) {
        output::tell(format_args!("   {GOOD}✓{GOOD:#} {name:<10} {what}  {SOFT}{took}{SOFT:#}"));
    }

    /// Something that must hold; what does not is remembered.
    pub(crate) fn check(&mut self, holds: bool, what: &str) {
        if holds {
            output::tell(format_args!("   {GOOD}✓{GOOD:#} {what}"));
        } else {
            output::tell(format_args!("   {BAD}✗ {what}{BAD:#}"));
            self.broken.push(what.to_owned());
        }
    }

    /// What a plan changes, by name and as a diff.
    pub(crate) fn changes(&self, report: &PlanReport) {
        for change in &report.changes {
            let shown = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string)
            };
            let (before, after) = (shown(&change.before), shown(&change.after));
            output::tell(format_args!(
                "   {} {}  {}  {BAD}{before}{BAD:#} → {GOOD}{after}{GOOD:#}",
                change.document.kind, change.document.name, change.pointer,
            ));
        }
        for file in &report.files {
            output::tell("");
            file.diff.lines().for_each(|line| match line.as_bytes().first() {
                Some(b'+') => output::tell(format_args!("   {GOOD}{line}{GOOD:#}")),
                Some(b'-') => output::tell(format_args!("   {BAD}{line}{BAD:#}")),
                _ => output::tell(format_args!("   {SOFT}{line}{SOFT:#}")),
            });
        }
    }

    /// What was checked: findings of the policies, effects.
    pub(crate) fn verdict(&mut self, report: &PlanReport) {
        let denied = report.verdict.results.iter().any(|finding| finding.level == Level::Deny);
        let findings = report.verdict.results.len();
        let said = if findings == 0 {
            "no violations".to_owned()
        } else {
            format!("{findings} finding{}", if findings == 1 { "" } else { "s" })
        };
        self.check(!denied, &format!("policies: {said}"));
        for finding in &report.verdict.results {
            self.aside(&format!("  {}: {}", finding.policy, finding.message));
        }
        for effect in &report.effects {
            self.check(effect.holds, &format!("effect {}: {}", effect.name, effect.detail));
        }
    }
}
