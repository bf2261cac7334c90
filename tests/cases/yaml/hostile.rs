//! Hostile texts of 1 MiB: each ends, with a result or with the refusal that its kind of excess has.
//!
//! How long that takes and how much memory is measured elsewhere; here counts are what bounds it.

use serde_json::json;
use writ::domain::yaml::{self, Reason};

const MIB: usize = 1 << 20;

#[test]
fn excess_is_refused_where_it_begins() {
    for (name, text, code) in [
        ("brackets", filled("["), Reason::TooDeep),
        ("braces", filled("{a: "), Reason::TooDeep),
        ("brackets on lines", filled("[\n"), Reason::TooDeep),
        ("dashes", filled("- "), Reason::TooDeep),
        ("question marks", filled("? "), Reason::TooDeep),
        ("colons", filled(": "), Reason::TooDeep),
        ("keys below keys", stairs(), Reason::TooDeep),
        ("keys", numbered(|at| format!("k{at}:\n")), Reason::TooLarge),
        ("the same key", filled("a:\n"), Reason::TooLarge),
        ("items", filled("- x\n"), Reason::TooLarge),
        ("empty items", filled("-\n"), Reason::TooLarge),
        ("keys between braces", format!("{{{}}}", "a,".repeat(MIB / 2 - 1)), Reason::TooLarge),
        ("items between brackets", format!("[{}]", "a,".repeat(MIB / 2 - 1)), Reason::TooLarge),
        ("pairs between brackets", format!("[{}]", "a: b,".repeat(MIB / 5 - 1)), Reason::TooLarge),
        ("anchors", numbered(|at| format!("- &a{at} x\n")), Reason::TooLarge),
        ("tags", filled("- !t x\n"), Reason::TooLarge),
        ("documents", filled("---\n"), Reason::TooLarge),
        ("comments", filled("#\n"), Reason::TooLarge),
        ("comments below keys", format!("a:\n b:\n  c:\n{}", filled("#\n").split_off(100)), Reason::TooLarge),
        ("comments between brackets", format!("[1,\n{}2]", filled("#\n").split_off(100)), Reason::TooLarge),
        ("aliases", format!("a: &a x\nb:\n{}", filled("- *a\n").split_off(100)), Reason::TooManyAliases),
        ("NUL", filled("\0"), Reason::Syntax),
        ("an open quote", format!("a: \"{}", "\\\"".repeat(MIB / 2 - 5)), Reason::Syntax),
        ("a long key", format!("{}: 1\n", "k".repeat(MIB - 10)), Reason::Syntax),
        ("one byte more", format!("a: {}", "x".repeat(MIB)), Reason::TooLarge),
    ] {
        let refusal = yaml::edit(&text, &[]).err().unwrap_or_else(|| panic!("{name}: not refused"));
        assert_eq!(refusal.code, code, "{name}: {refusal}");
        assert_eq!(yaml::parse(&text).map(|_| ()).unwrap_err().code, code, "{name}");
    }
}

#[test]
fn much_text_in_few_nodes_is_edited() {
    let few = |text: String| {
        let patch = serde_json::from_value(json!([{"op": "replace", "path": "/a", "value": 1}])).unwrap();
        let edited = yaml::patch(&text, 0, &patch).unwrap_or_else(|refusal| panic!("{refusal}"));
        assert!(edited.text.len() < 100, "{}", edited.text.len());
    };
    few(format!("a: {}\n", "x".repeat(MIB - 10)));
    few(format!("a: {}\n", "x y ".repeat(MIB / 4 - 10)));
    few(format!("a: \"{}\"\n", "\\n".repeat(MIB / 2 - 10)));
    few(format!("a: '{}'\n", "''".repeat(MIB / 2 - 10)));
    few(format!("a: |\n{}", " x\n".repeat(MIB / 3 - 10)));
    few(format!("a: >\n{}", " x\n".repeat(MIB / 3 - 10)));
    few(format!("a: x\n{}", " x\n".repeat(MIB / 3 - 10)));
}

/// Aliases expand to no more than a fixed weight, however they are nested.
#[test]
fn alias_bombs_are_refused() {
    let mut tenfold = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    let mut merged = String::from("a0: &a0 {x: 1}\n");
    for at in 1..300 {
        let before = at - 1;
        let aliases = vec![format!("*a{before}"); 3].join(", ");
        tenfold.push_str(&format!("a{at}: &a{at} [{aliases}]\n"));
        merged.push_str(&format!("a{at}: &a{at} {{<<: *a{before}, k{at}: 1}}\n"));
    }
    let opened: String = (0..90).map(|at| format!("&a{at} [")).collect();
    let aliases: String = (0..90).map(|at| format!("*a{at}, ")).collect();
    let nested = format!("k: {opened}{}{}\nb: [{aliases}]\n", "x, ".repeat(30_000), "]".repeat(90));
    for text in [&tenfold, &merged, &nested] {
        assert_eq!(yaml::parse(text).map(|_| ()).unwrap_err().code, Reason::TooManyAliases);
        let patch = serde_json::from_value(json!([{"op": "add", "path": "/c", "value": 1}])).unwrap();
        assert_eq!(yaml::patch(text, 0, &patch).unwrap_err().code, Reason::TooManyAliases);
    }
}

/// A copy of the whole into itself doubles it: not for long.
#[test]
fn copies_cannot_pile_up() {
    let copies = |path: &str, count| {
        let copy = json!({"op": "copy", "from": "", "path": path});
        let patch = serde_json::from_value(vec![copy; count].into()).unwrap();
        yaml::patch("a: [{}]\nb: 1\n", 0, &patch).map(|edited| edited.text.len())
    };
    assert!(copies("/a/-", 5).unwrap() < 2000);
    assert_eq!(copies("/a/-", 60).unwrap_err().code, Reason::TooLarge);
    assert_eq!(copies("/a/0/x", 300).unwrap_err().code, Reason::TooDeep);
}

fn filled(part: &str) -> String {
    part.repeat(MIB / part.len())
}

fn numbered(line: impl Fn(usize) -> String) -> String {
    let mut text: String = (0..MIB / 6).map(line).collect();
    text.truncate(text[..MIB.min(text.len())].rfind('\n').unwrap() + 1);
    text
}

fn stairs() -> String {
    (0..1400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()
}
