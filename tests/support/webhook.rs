//! Webhook deliveries as GitHub makes them: signatures by another implementation than the server's own, and GitHub's
//! published examples of all events (npm `@octokit/webhooks-examples`).

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::node;

/// The value of `X-Hub-Signature-256`: HMAC SHA-256 by the letter of RFC 2104, not by the library under test.
pub fn sign(secret: &str, body: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut key =
        if secret.len() > BLOCK { Sha256::digest(secret).to_vec() } else { secret.as_bytes().to_vec() };
    key.resize(BLOCK, 0);
    let pad = |with: u8| key.iter().map(move |byte| byte ^ with).collect::<Vec<_>>();
    let inner = Sha256::digest([&pad(0x36)[..], body].concat());
    let outer = Sha256::digest([&pad(0x5c)[..], &inner[..]].concat());
    outer.iter().fold("sha256=".to_owned(), |mut text, byte| {
        // OK because writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One published example.
pub struct Example {
    /// `X-GitHub-Event`
    pub event: String,
    pub payload: Value,
}

/// All published examples; `None`, and a line about it, where they are not installed.
pub fn examples(what: &str) -> Option<Vec<Example>> {
    #[derive(Deserialize)]
    struct Event {
        name: String,
        examples: Vec<Value>,
    }
    let folder = node::folder(what)?;
    let file = folder.join("node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    let events: Vec<Event> =
        serde_json::from_slice(&std::fs::read(file).expect("the examples")).expect("JSON");
    let each = |event: Event| {
        let name = event.name;
        event.examples.into_iter().map(move |payload| Example { event: name.clone(), payload })
    };
    Some(events.into_iter().flat_map(each).collect())
}

#[test]
fn signatures_are_those_of_githubs_documentation() {
    let wanted = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(sign("It's a Secret to Everybody", b"Hello, World!"), wanted);
}
