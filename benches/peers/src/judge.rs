//! Which results are right, and which are minimal; the table.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::edit::Edit;
use crate::measure::{Program, Row};
use crate::values::values;

/// How many lines of a text are changed or removed in the text after.
fn lost_lines(before: &str, after: &str) -> usize {
    let difference = TextDiff::from_lines(before, after);
    difference.iter_all_changes().filter(|change| change.tag() == ChangeTag::Delete).count()
}

#[derive(Default)]
struct Score {
    right: usize,
    minimal: usize,
    wrong: usize,
    refused: usize,
    identical: usize,
}

/// Judges all results together: a result is minimal if no right one keeps more lines of the text before.
pub fn print(edits: &[Edit], rows: Vec<Row>, programs: Vec<Program>) {
    let all: Vec<(&str, &[Option<String>])> = rows
        .iter()
        .map(|row| (row.tool, row.results.as_slice()))
        .chain(programs.iter().map(|program| (program.tool, program.results.as_slice())))
        .collect();
    let mut scores: Vec<Score> = all.iter().map(|_| Score::default()).collect();
    for (at, edit) in edits.iter().enumerate() {
        let meaning = values(&edit.after);
        let lines: Vec<Option<usize>> = all
            .iter()
            .map(|(_, results)| {
                let text = results[at].as_ref()?;
                (values(text) == meaning).then(|| lost_lines(&edit.before, text))
            })
            .collect();
        let least = lines.iter().flatten().copied().min().unwrap_or(0);
        for ((score, lines), (_, results)) in scores.iter_mut().zip(lines).zip(&all) {
            match (&results[at], lines) {
                (None, _) => score.refused += 1,
                (Some(_), None) => score.wrong += 1,
                (Some(text), Some(lines)) => {
                    score.right += 1;
                    score.minimal += usize::from(lines <= least);
                    score.identical += usize::from(edit.kind == "value" && *text == edit.after);
                }
            }
        }
    }
    let value_edits = edits.iter().filter(|edit| edit.kind == "value").count();
    println!("{} edits, {value_edits} of them value edits\n", edits.len());
    println!(
        "| tool | right and minimal | right | wrong | cannot | value edits as people wrote them | time per edit, median | on the same edits, writ | 17 to 21 KB, median |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let writ = &rows[0];
    for (row, score) in rows.iter().zip(&scores) {
        let answered = |at: &usize| row.results[*at].is_some();
        let all: Vec<usize> = (0..edits.len()).filter(answered).collect();
        let large = |at: &&usize| (17_000..21_000).contains(&edits[**at].before.len());
        let large: Vec<usize> = all.iter().filter(large).copied().collect();
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            row.tool,
            score.words(edits.len(), value_edits),
            micros(median(&row.times, &all)),
            micros(median(&writ.times, &all)),
            micros(median(&row.times, &large)),
            large.len(),
        );
    }
    println!(
        "\n| program | right and minimal | right | wrong | cannot | value edits as people wrote them | one edit of 20 KB, fastest | median | per edit, all in one process |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (program, score) in programs.iter().zip(&scores[rows.len()..]) {
        println!(
            "| {} | {} | {} | {} | {} |",
            program.tool,
            score.words(edits.len(), value_edits),
            micros(program.single.0),
            micros(program.single.1),
            micros(program.batch / u32::try_from(edits.len()).expect("few")),
        );
    }
}

impl Score {
    fn words(&self, edits: usize, values: usize) -> String {
        let percent = |part: usize, whole: usize| format!("{:.1}%", 100.0 * part as f64 / whole as f64);
        format!(
            "{} ({}) | {} | {} | {} | {} of {values}",
            percent(self.minimal, edits),
            self.minimal,
            percent(self.right, edits),
            self.wrong,
            self.refused,
            self.identical,
        )
    }
}

fn median(times: &[Duration], of: &[usize]) -> Duration {
    let mut times: Vec<Duration> = of.iter().map(|&at| times[at]).collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 10_000.0 { format!("{micros:.0} µs") } else { format!("{:.1} ms", micros / 1000.0) }
}
