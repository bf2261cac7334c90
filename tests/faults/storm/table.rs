//! The table of what was sent, answered, lost and doubled.

use std::fmt::Write as _;

use super::count::Counted;
use super::people::Kind;

pub(super) fn of(counted: &Counted, rounds: u64, seed: u64) -> String {
    let sent = |kind: Kind| counted.sent.get(&kind).copied().unwrap_or(0);
    let delivered =
        sent(Kind::Pause) + sent(Kind::Work) + sent(Kind::Nonsense) + sent(Kind::Talk) + sent(Kind::Event);
    let outcomes: Vec<_> = counted.outcomes.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let millis = |part: usize| counted.pause_millis.get(counted.pause_millis.len() * part / 100).copied();
    let longest = counted.pause_millis.last().copied();
    let seconds =
        |millis: Option<i64>| millis.map_or("-".to_owned(), |all| format!("{:.1} s", all as f64 / 1000.0));
    let disk = match counted.can_fill_disk {
        true => counted.full_disks.to_string(),
        false => "left out (nothing can be mounted here)".to_owned(),
    };
    let rows = [
        ("seed, rounds", format!("{seed}, {rounds}")),
        ("servers killed (kill -9)", counted.kills.to_string()),
        ("disk full", disk),
        ("slow connections", counted.slow_connections.to_string()),
        ("deliveries sent", delivered.to_string()),
        ("  pauses", sent(Kind::Pause).to_string()),
        ("  other commands of ada, who may write", sent(Kind::Work).to_string()),
        ("  commands of people without rights", sent(Kind::Nonsense).to_string()),
        ("  comments that are no commands", sent(Kind::Talk).to_string()),
        ("  events of pull requests", sent(Kind::Event).to_string()),
        ("sent again: no answer", counted.unanswered.to_string()),
        ("sent again: answered 503", counted.refused.to_string()),
        ("repeated after their answer", sent(Kind::Repeated).to_string()),
        ("runs of commands", counted.commands.to_string()),
        ("  replied to", counted.replied.to_string()),
        ("  reaction only", counted.withheld.to_string()),
        ("runs of reconciliations", counted.reconciliations.to_string()),
        ("outcomes", outcomes.join(", ")),
        ("pull requests opened", counted.pulls.to_string()),
        ("heads of strangers, judged", format!("{}, {}", counted.heads, counted.heads_judged)),
        ("records in the ledger, which is sound", counted.records.to_string()),
        ("pauses that opened a pull request", format!("{} of {}", counted.pauses_proposed, counted.pauses)),
        (
            "  after: half of them, 9 of 10, all",
            [seconds(millis(50)), seconds(millis(90)), seconds(longest)].join(", "),
        ),
        ("  steps in flight at their acceptance", counted.in_flight.to_string()),
        ("lower steps begun before a pause's end", counted.lower_steps.to_string()),
        ("lost", counted.lost.to_string()),
        ("doubled", counted.doubled.to_string()),
    ];
    rows.iter().fold(String::new(), |mut text, (name, value)| {
        // OK because writing to a string cannot fail.
        let _ = writeln!(text, "{name:<42} {value}");
        text
    })
}
