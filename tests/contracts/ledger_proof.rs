//! Keys, checkpoints, proofs and bodies: what was written is read back, and what was touched is refused.

use secrecy::ExposeSecret as _;
use serde_json::json;
use signed_note::{Note, StandardSigner};
use writ::domain::ledger::tree::{self, Edge};
use writ::domain::ledger::{
    Checkpoint, CheckpointError, EmbedError, KeyError, LeafHash, NodeHash, Nodes, Proof, ProofError, Record,
    RecordError, SignerKey, VerifierKeys, embed, extract,
};

const ORIGIN: &str = "writ.example.org/ledger";

fn signer(seed: u8) -> SignerKey {
    SignerKey::from_seed(ORIGIN, [seed; 32]).unwrap()
}

fn keys(signer: &SignerKey) -> VerifierKeys {
    VerifierKeys::from(signer.verifier())
}

fn record(number: u64) -> Record {
    let at = "2026-08-22T10:00:00Z".parse().unwrap();
    let body = json!({"reason": "spread widened: ```\n</details> “é”", "number": number});
    Record::new("change.planned", None, at, body)
}

/// The record with this number, and its proof in a ledger of 13.
fn proven(number: u64) -> (Vec<u8>, Proof) {
    let mut edge = Edge::default();
    let created = (0..13).flat_map(|number| edge.push(record(number).leaf()).unwrap()).collect::<Vec<_>>();
    let nodes: Nodes = created.into_iter().collect();
    let hashes = tree::prove_inclusion(number, 13, &nodes).unwrap();
    let checkpoint = Checkpoint::sign(13, edge.root().unwrap(), &signer(1));
    (record(number).canonical(), Proof { index: number, hashes, checkpoint })
}

/// Each text that differs from `text` in one byte, by one of three flips.
fn flipped(text: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..text.len()).flat_map(move |place| {
        [0x01, 0x20, 0x80].map(|mask| {
            let mut changed = text.to_vec();
            changed[place] ^= mask;
            (place, changed)
        })
    })
}

#[test]
fn keys_are_those_of_go_s_note_package() {
    // The example of golang.org/x/mod/sumdb/note.
    let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = SignerKey::parse(secret, "PeterNeumann").unwrap();
    assert_eq!(key.verifier().to_string(), public);
    assert_eq!(key.to_secret_text().expose_secret().trim(), secret);
    assert!(!format!("{key:?}").contains("AYEK"), "Debug tells no secret");
}

#[test]
fn a_pem_key_is_read() {
    // RFC 8410, section 10.3; its public key is that of section 10.1.
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
               -----END PRIVATE KEY-----\n";
    let key = SignerKey::parse(pem, ORIGIN).unwrap();
    let told = key.verifier().to_string();
    let told = data_encoding::BASE64.decode(told.splitn(3, '+').last().unwrap().as_bytes()).unwrap();
    let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    assert_eq!(data_encoding::HEXLOWER.encode(&told[1..]), public);
    assert_eq!(
        SignerKey::parse(key.to_secret_text().expose_secret(), ORIGIN).unwrap().verifier(),
        key.verifier()
    );
}

#[test]
fn bad_keys_are_refused() {
    for text in ["", "nonsense", "PRIVATE+KEY+a+00000000+AAAA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END"]
    {
        assert_eq!(SignerKey::parse(text, ORIGIN).unwrap_err(), KeyError::Signer, "{text}");
    }
    let other = signer(1).to_secret_text();
    assert!(matches!(SignerKey::parse(other.expose_secret(), "another"), Err(KeyError::OtherName { .. })));
    for name in ["", "two words", "a+b", "line\nbreak", "bell\u{7}", &"x".repeat(201)] {
        assert!(matches!(SignerKey::from_seed(name, [1; 32]), Err(KeyError::Name(_))), "{name}");
    }
    assert_eq!(VerifierKeys::parse("# none\n\n").unwrap_err(), KeyError::Empty);
    let second = format!("{}\nnonsense\n", signer(1).verifier());
    assert_eq!(VerifierKeys::parse(&second).unwrap_err(), KeyError::Verifier { line: 2 });
    // Every flip of a verifier key is refused (in the id, hexadecimal digits may be written in capitals).
    let text = signer(1).verifier().to_string();
    let id = ORIGIN.len() + 1..ORIGIN.len() + 9;
    for (place, changed) in flipped(text.as_bytes()) {
        let same = |changed: &str| id.contains(&place) && changed.eq_ignore_ascii_case(&text);
        if let Ok(changed) = String::from_utf8(changed) {
            assert!(VerifierKeys::parse(&changed).is_err() || same(&changed), "{place}: {changed}");
        }
    }
}

#[test]
fn a_checkpoint_is_trusted_by_its_key_alone() {
    let root = NodeHash(record(0).leaf().0);
    let note = Checkpoint::sign(1, root, &signer(1));
    assert_eq!(note, Checkpoint::sign(1, root, &signer(1)), "the same head is the same note");
    let read = Checkpoint::verify(&note, &keys(&signer(1))).unwrap();
    assert_eq!(read, Checkpoint { origin: ORIGIN.to_owned(), size: 1, root });
    let unknown = Checkpoint::verify(&note, &keys(&signer(2)));
    assert_eq!(unknown, Err(CheckpointError::UnknownKey { origin: ORIGIN.to_owned() }));
    // While keys are exchanged, both are trusted.
    let both = format!("{}\n{}\n", signer(2).verifier(), signer(1).verifier());
    assert!(Checkpoint::verify(&note, &VerifierKeys::parse(&both).unwrap()).is_ok());
    // A known key of another name vouches for its own ledger only.
    let elsewhere = SignerKey::from_seed("elsewhere", [1; 32]).unwrap();
    let mut lent = Note::new(format!("{ORIGIN}\n1\n{root}\n").as_bytes(), &[]).unwrap();
    lent.add_sigs(&[&StandardSigner::new(elsewhere.to_secret_text().expose_secret().trim()).unwrap()])
        .unwrap();
    let lent = String::from_utf8(lent.to_bytes()).unwrap();
    let other_name = CheckpointError::OtherName { origin: ORIGIN.to_owned() };
    assert_eq!(Checkpoint::verify(&lent, &keys(&elsewhere)), Err(other_name));
    for (place, changed) in flipped(note.as_bytes()) {
        if let Ok(changed) = String::from_utf8(changed) {
            assert!(Checkpoint::verify(&changed, &keys(&signer(1))).is_err(), "{place}: {changed}");
        }
    }
}

#[test]
fn a_proof_holds_for_every_leaf() {
    for number in 0..13 {
        let (bytes, proof) = proven(number);
        let read = Proof::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        let shown = read.verify(&bytes, &keys(&signer(1))).unwrap();
        assert_eq!((shown.record, shown.index, shown.checkpoint.size), (record(number), number, 13));
    }
}

#[test]
fn a_proof_has_the_public_format() {
    let (_, proof) = proven(12);
    let text = proof.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 12"]);
    // Leaf 12 of 13 has one hash above it for each of the two whole subtrees to its left.
    assert_eq!((lines[4], lines[5], lines[6]), ("", ORIGIN, "13"));
    assert_eq!((lines[8], lines.len()), ("", 10));
    assert!(lines[9].starts_with(&format!("— {ORIGIN} ")) && text.ends_with('\n'));
    // Extra data of another program is passed over.
    let extra = text.replacen("index", "extra aGVsbG8=\nindex", 1);
    assert_eq!(Proof::parse(&extra).unwrap(), proof);
}

#[test]
fn every_flipped_byte_is_noticed() {
    let (bytes, proof) = proven(5);
    let trusted = keys(&signer(1));
    for (place, changed) in flipped(&bytes) {
        assert!(proof.verify(&changed, &trusted).is_err(), "record, byte {place}");
    }
    let text = proof.to_string();
    for (place, changed) in flipped(text.as_bytes()) {
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let noticed = Proof::parse(&changed).and_then(|proof| proof.verify(&bytes, &trusted)).is_err();
        assert!(noticed, "proof, byte {place}: {changed}");
    }
    let unknown = proof.verify(&bytes, &keys(&signer(2)));
    assert!(matches!(unknown, Err(ProofError::Checkpoint(CheckpointError::UnknownKey { .. }))));
}

#[test]
fn malformed_proofs_are_refused_with_their_line() {
    let text = proven(5).1.to_string();
    let line_of = |text: &str| match Proof::parse(text) {
        Err(ProofError::Format { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line_of(""), 1);
    assert_eq!(line_of("c2sp.org/tlog-proof@v2\nindex 1\n\nx"), 1);
    for index in ["index 05", "index +5", "index -5", "index", "index 99999999999999999999", "Index 5"] {
        assert_eq!(line_of(&text.replacen("index 5", index, 1)), 2, "{index}");
    }
    assert_eq!(line_of(&text.replacen("index 5\n", "index 5\nAAAA\n", 1)), 3);
    let hash = format!("{}\n", NodeHash([0; 32]));
    assert_eq!(line_of(&text.replacen("index 5\n", &format!("index 5\n{}", hash.repeat(65)), 1)), 67);
    assert_eq!(line_of(&"x".repeat(1_000_000)), 1);
}

#[test]
fn records_are_canonical_or_refused() {
    let bytes = record(1).canonical();
    assert_eq!(Record::from_canonical(&bytes).unwrap(), record(1));
    let text = String::from_utf8(bytes).unwrap();
    for changed in
        [format!("{text} "), text.replacen("\"kind\":", "\"kind\": ", 1), text.replacen('{', "{\"at\":1,", 1)]
    {
        assert_eq!(Record::from_canonical(changed.as_bytes()), Err(RecordError::NotCanonical), "{changed}");
    }
    let newer = text.replace("writ.record/v1", "writ.record/v9");
    assert_eq!(
        Record::from_canonical(newer.as_bytes()),
        Err(RecordError::Schema("writ.record/v9".to_owned()))
    );
    for junk in [&b"[]"[..], b"", b"\xff", b"{}", &[b'['; 100_000]] {
        assert!(matches!(Record::from_canonical(junk), Err(RecordError::Malformed(_))));
    }
}

#[test]
fn a_body_gives_back_record_and_proof() {
    let (bytes, proof) = proven(5);
    let body = format!("## Pause trading\n\n| a | b |\n\n{}\nlast line\n", embed(&bytes, &proof));
    for body in [body.clone(), body.replace('\n', "\r\n"), format!("{}\n{}", body.trim_end(), "")] {
        let found = extract(&body).unwrap();
        assert_eq!(found.record, bytes);
        assert_eq!(Proof::parse(&found.proof).unwrap(), proof);
        assert!(found.visible.contains("## Pause trading\n") && found.visible.contains("last line\n"));
        assert!(!found.visible.contains("tlog-proof"));
    }
    assert_eq!(LeafHash::of(&extract(&body).unwrap().record), record(5).leaf());
}

#[test]
fn a_body_that_leaves_doubt_is_refused() {
    let (bytes, proof) = proven(5);
    let block = embed(&bytes, &proof);
    assert!(matches!(extract("nothing here"), Err(EmbedError::Missing(_))));
    assert!(matches!(extract(&format!("{block}{block}")), Err(EmbedError::Twice { .. })));
    let open = block.rsplit_once("```").unwrap().0;
    assert!(matches!(extract(open), Err(EmbedError::Open { .. })));
    let only_record = block.split_once("```text").unwrap().0;
    assert!(matches!(extract(only_record), Err(EmbedError::Missing(_))));
}
