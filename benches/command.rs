//! Reading comments: an ordinary one, and hostile ones of 65,536 characters, as long as GitHub lets them be.

use divan::Bencher;
use divan::counter::BytesCount;
use writ::domain::command::read;

fn main() {
    divan::main();
}

const LONGEST: usize = 65_536;

#[divan::bench]
fn ordinary(bencher: Bencher<'_, '_>) {
    let body = "<!-- from a template -->\nOrders are rejected since 14:02, see `broker.log`.\n\n\
        <details><summary>Log</summary>\n\n```\nrejected: 12\n```\n\n</details>\n\n/status\n\n> earlier\n";
    bencher.counter(BytesCount::of_str(body)).bench(|| read(body, &[]));
}

/// A piece of text, repeated.
#[divan::bench(args = [
    "/\n", "/a b\n", "/help\n\n", "- /help\n", "**/help**\n", "<!--", "<!-- x -->", "<b>", "<x></y>", "<div>\n\n", "|", "|-|\n", "[",
    "[a](", "[a]: ", "*_", "`", "$a ", "> ", "1. ",
])]
fn hostile(bencher: Bencher<'_, '_>, piece: &str) {
    let body = piece.repeat(LONGEST / piece.len());
    bencher.counter(BytesCount::of_str(&body)).bench(|| read(&body, &[]));
}
