//! What a plain scalar means to its readers, and which strings may be written plain.
//!
//! Two readings matter: kubectl's (sigs.k8s.io/yaml: YAML 1.1 words, octal `010`, `1_000`) decides what a value *is*;
//! all others decide what may stay unquoted: a string is written plain only where every reader takes it for one.

use serde_json::{Number, Value};

/// The value of a plain scalar as kubectl reads it. A timestamp is a string.
pub(crate) fn as_kubectl(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Value::String(text.to_owned());
    }
    let digits = text.replace('_', "");
    if let Some(number) = integer(&digits) {
        return Value::Number(number);
    }
    if is_float(&digits)
        && let Some(number) = digits.parse::<f64>().ok().and_then(Number::from_f64)
    {
        return Value::Number(number);
    }
    Value::String(text.to_owned())
}

/// Decimal, `0x`, `0o`, `0b` and leading-zero octal, signed.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let bytes = digits.as_bytes();
    let (radix, digits) = match bytes {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let size = i128::from_str_radix(digits, radix).ok()?;
    let signed = if negative { -size } else { size };
    i64::try_from(signed).map(Number::from).ok().or_else(|| u64::try_from(signed).map(Number::from).ok())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => {
            all_digits(whole) && all_digits(part) && !(whole.is_empty() && part.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_fits && exponent_fits
}

/// Whether some reader takes the text, unquoted, for something other than a string.
///
/// Deliberately wide: YAML 1.1 and 1.2, libyaml's users, go-yaml, Psych.
pub(crate) fn may_be_typed(text: &str) -> bool {
    if matches!(as_kubectl(text), Value::Null | Value::Bool(_) | Value::Number(_)) {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    matches!(
        unsigned,
        "" | "~"
            | "null"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | ".inf"
            | ".nan"
            | "<<"
            | "="
    ) || looks_like_number(unsigned)
        || is_timestamp(text)
}

/// Numbers of any reader: radix prefixes, `_` and `,` as separators, exponents, base 60.
fn looks_like_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return false };
    let radix = |digits: &str, fits: fn(u8) -> bool| {
        !digits.is_empty() && digits.bytes().all(|byte| byte == b'_' || fits(byte))
    };
    if let ([b'0', kind, ..], Some(digits)) = (bytes, text.get(2..)) {
        match kind {
            b'x' if radix(digits, |byte| byte.is_ascii_hexdigit()) => return true,
            b'o' if radix(digits, |byte| byte.is_ascii_digit()) => return true,
            b'b' if radix(digits, |byte| byte.is_ascii_digit()) => return true,
            _ => {}
        }
    }
    if !first.is_ascii_digit() && *first != b'.' {
        return false;
    }
    if !bytes.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let (mantissa, exponent) = match text.find('e') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
    });
    // `1.2.3` and `10.0.0.1` are strings to everybody; `1:30` and `1:30.5` are base 60 to YAML 1.1.
    let plain = mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b',' | b'.'))
        && mantissa.matches('.').count() <= 1;
    let base60 = mantissa.contains(':')
        && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b':' | b'.'));
    exponent_fits && (plain || base60)
}

/// A date or a time as YAML 1.1 knows it: `2026-08-01`, `2026-08-01T00:00:00.5Z`, `2001-12-14 21:59:43 -5`.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits(0) != 4 || bytes.get(4) != Some(&b'-') {
        return false;
    }
    let month = digits(5);
    let day_at = 5 + month + 1;
    if !(1..=2).contains(&month) || bytes.get(5 + month) != Some(&b'-') {
        return false;
    }
    let day = digits(day_at);
    if !(1..=2).contains(&day) {
        return false;
    }
    let rest = &text[day_at + day..];
    if rest.is_empty() {
        return true;
    }
    rest.starts_with(['T', 't', ' ', '\t'])
        && rest[1..].bytes().any(|byte| byte.is_ascii_digit())
        && rest[1..].bytes().all(|byte| byte.is_ascii_digit() || b"+-:. tTzZ\t".contains(&byte))
}

/// Whether a string can be written plain, in a block or (`flow`) between brackets.
pub(crate) fn plain_fits(text: &str, flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let Some(last) = text.chars().next_back() else { return false };
    if first.is_whitespace() || last.is_whitespace() || last == ':' {
        return false;
    }
    if "?:,[]{}#&*!|>'\"%@`=".contains(first) || text == "-" || text.starts_with("- ") {
        return false;
    }
    if text.starts_with("---") || text.starts_with("...") || text.starts_with("<<") {
        return false;
    }
    if text.contains(": ") || text.contains(" #") || (flow && text.contains([',', '[', ']', '{', '}'])) {
        return false;
    }
    if flow && (text.starts_with('-') && text[1..].starts_with([',', ']', '}']) || text.contains("::")) {
        return false;
    }
    text.chars().all(is_plain_character) && !may_be_typed(text)
}

fn is_plain_character(character: char) -> bool {
    is_printable(character) && !matches!(character, '\t' | '\u{a0}')
}

/// Whether a character can be written without an escape; line breaks of any YAML version cannot.
pub(crate) fn is_printable(character: char) -> bool {
    matches!(character, '\t' | ' '..='\u{7e}' | '\u{a0}'..='\u{2027}' | '\u{202f}'..='\u{205f}' | '\u{2070}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        && !is_invisible(character)
}

/// Bidirectional controls and zero-width spaces are escaped, so that a diff shows them. Joiners stay: emoji need them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// The string in single quotes; `None` where it needs escapes.
pub(crate) fn single_quoted(text: &str) -> Option<String> {
    text.chars()
        .all(|character| is_printable(character) && character != '\t')
        .then(|| format!("'{}'", text.replace('\'', "''")))
}

/// The string in double quotes, in escapes that JSON has too.
pub(crate) fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if is_printable(other) => out.push(other),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

/// A number in the form that every reader takes for it: floats have a point and a signed exponent.
pub(crate) fn number_text(value: &Number) -> String {
    let text = value.to_string();
    if value.is_i64() || value.is_u64() {
        return text;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa.to_owned(), Some(exponent)),
        None => (text, None),
    };
    let mantissa = if mantissa.contains('.') { mantissa } else { mantissa + ".0" };
    match exponent {
        Some(exponent) if exponent.starts_with(['-', '+']) => format!("{mantissa}e{exponent}"),
        Some(exponent) => format!("{mantissa}e+{exponent}"),
        None => mantissa,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kubectl_reads_yaml_1_1() {
        for (text, value) in [
            ("010", json!(8)),
            ("0o10", json!(8)),
            ("0x1F", json!(31)),
            ("1_000", json!(1000)),
            ("+1", json!(1)),
            ("y", json!(true)),
            ("off", json!(false)),
            ("~", json!(null)),
            ("", json!(null)),
            ("1e3", json!(1000.0)),
            ("-0b11", json!(-3)),
            ("1.2.3", json!("1.2.3")),
            ("08", json!(8.0)),
            ("0xZZ", json!("0xZZ")),
            ("--1", json!("--1")),
            ("2026-08-01T00:00:00Z", json!("2026-08-01T00:00:00Z")),
            ("18446744073709551615", json!(u64::MAX)),
        ] {
            assert_eq!(as_kubectl(text), value, "{text}");
        }
    }

    #[test]
    fn strings_that_some_reader_types_are_not_plain() {
        for text in [
            "off",
            "No",
            "nULL",
            "0o10",
            "1e3",
            "1_000",
            "1,000",
            "190:20:30",
            "0777",
            "08",
            "2026-08-01",
            "1.",
            ".5",
            "2026-08-01T00:00:00Z",
            "~",
            "",
            "k: v",
            "v #1",
            "*a",
            "-",
            "- a",
            "a:",
            " a",
            "a ",
            "<<",
            "=",
            "+.inf",
            "0b2",
            "12e03",
            "? a",
            "@a",
            "`a",
            "%a",
            "---",
            "...",
            "a\u{2028}b",
            "a\nb",
        ] {
            assert!(!plain_fits(text, false), "{text}");
        }
        for text in [
            "on-demand",
            "1.2.3",
            "10.0.0.1",
            "-Xmx1g",
            "--flag=1",
            "a:b",
            "http://x:80/y#z",
            "72006ac26afef02e42fc1af8d434",
            "sha256:2561a",
            "500m",
            "1Gi",
            "a,b",
            "{",
            "é",
            "0é",
            "👩‍👩‍👧",
        ] {
            assert_eq!(plain_fits(text, false), text != "{", "{text}");
        }
        assert!(!plain_fits("a,b", true));
    }

    #[test]
    fn floats_are_written_for_every_reader() {
        for (value, text) in
            [(json!(1e21), "1.0e+21"), (json!(0.5), "0.5"), (json!(1.5e-9), "1.5e-9"), (json!(3), "3")]
        {
            assert_eq!(number_text(value.as_number().unwrap()), text);
        }
    }
}
