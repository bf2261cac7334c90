//! The numbers that `/metrics` shows: counters and one histogram, in Prometheus' text format.
//!
//! Our own hundred lines instead of the `prometheus` crate: the set is closed and known here, labels are fixed
//! enums, and reading them needs no registry, no protobuf and no global state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the step duration buckets, seconds.
const BOUNDS: [f64; 9] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// The counters. One lock for all: they are touched a few times per delivery, never in a loop.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    deliveries: BTreeMap<&'static str, u64>,
    runs: BTreeMap<&'static str, u64>,
    steps: BTreeMap<(&'static str, &'static str), u64>,
    durations: BTreeMap<&'static str, Durations>,
    closed: BTreeMap<(&'static str, &'static str), u64>,
    stopped: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default, Clone)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    /// Counts a delivery by its outcome: `accepted`, `duplicate`, `ignored`, `refused`, `unavailable`.
    pub fn delivery(&self, result: &'static str) {
        *self.locked().deliveries.entry(result).or_default() += 1;
    }

    /// Counts a settled run by its outcome.
    pub fn run(&self, outcome: &'static str) {
        *self.locked().runs.entry(outcome).or_default() += 1;
    }

    /// Counts one try of a step by its result: `done`, `ends`, `waits`, `later`, `lost`, `failed`.
    pub fn step(&self, step: &'static str, result: &'static str, took: Duration) {
        let mut counted = self.locked();
        *counted.steps.entry((step, result)).or_default() += 1;
        let durations = counted.durations.entry(step).or_default();
        let seconds = took.as_secs_f64();
        for (bucket, bound) in durations.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        durations.count += 1;
        durations.sum += seconds;
    }

    /// Counts connections of a listener that were closed before their end, by reason: `overdue`, `crowded`.
    pub fn closed_connections(&self, listener: &'static str, reason: &'static str, count: u64) {
        *self.locked().closed.entry((listener, reason)).or_default() += count;
    }

    /// Counts a judging process that ended over a head, by reason: `took_too_long`, `died`.
    pub fn stopped_judging(&self, reason: &'static str) {
        *self.locked().stopped.entry(reason).or_default() += 1;
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    #[must_use]
    pub fn text(&self) -> String {
        let counted = self.locked();
        let mut out = String::new();
        head(&mut out, "writ_deliveries_total", "counter", "Webhook deliveries by result.");
        for (result, count) in &counted.deliveries {
            line(&mut out, format_args!("writ_deliveries_total{{result=\"{result}\"}} {count}"));
        }
        head(&mut out, "writ_runs_total", "counter", "Finished runs by outcome.");
        for (outcome, count) in &counted.runs {
            line(&mut out, format_args!("writ_runs_total{{outcome=\"{outcome}\"}} {count}"));
        }
        head(&mut out, "writ_steps_total", "counter", "Step attempts by result.");
        for ((step, result), count) in &counted.steps {
            line(&mut out, format_args!("writ_steps_total{{step=\"{step}\",result=\"{result}\"}} {count}"));
        }
        head(&mut out, "writ_step_duration_seconds", "histogram", "Duration of step attempts in seconds.");
        for (step, durations) in &counted.durations {
            durations.write(step, &mut out);
        }
        let name = "writ_connections_closed_total";
        head(&mut out, name, "counter", "Connections that were closed before their end, by reason.");
        for ((listener, reason), count) in &counted.closed {
            line(&mut out, format_args!("{name}{{listener=\"{listener}\",reason=\"{reason}\"}} {count}"));
        }
        let name = "writ_judging_stopped_total";
        head(&mut out, name, "counter", "Judging processes that ended over a head, by reason.");
        for (reason, count) in &counted.stopped {
            line(&mut out, format_args!("{name}{{reason=\"{reason}\"}} {count}"));
        }
        out
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Counted> {
        // OK because a counter that a panic interrupted is at worst one short.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durations {
    fn write(&self, step: &str, out: &mut String) {
        let name = "writ_step_duration_seconds";
        for (bound, count) in BOUNDS.iter().zip(self.buckets) {
            line(out, format_args!("{name}_bucket{{step=\"{step}\",le=\"{bound}\"}} {count}"));
        }
        line(out, format_args!("{name}_bucket{{step=\"{step}\",le=\"+Inf\"}} {}", self.count));
        line(out, format_args!("{name}_sum{{step=\"{step}\"}} {}", self.sum));
        line(out, format_args!("{name}_count{{step=\"{step}\"}} {}", self.count));
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // OK because writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_labels_are_kept() {
        let metrics = Metrics::default();
        metrics.delivery("accepted");
        metrics.delivery("accepted");
        metrics.step("plan", "done", Duration::from_millis(20));
        let text = metrics.text();
        assert!(text.contains("writ_deliveries_total{result=\"accepted\"} 2\n"), "{text}");
        assert!(text.contains("_bucket{step=\"plan\",le=\"0.01\"} 0\n"), "{text}");
        assert!(text.contains("_bucket{step=\"plan\",le=\"0.05\"} 1\n"), "{text}");
        assert!(text.contains("_bucket{step=\"plan\",le=\"+Inf\"} 1\n"), "{text}");
    }
}
