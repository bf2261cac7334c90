//! What holds for any text and any edit: the bodies of the fuzz targets, which the tests run on stable as well.
//!
//! An input is a row of choices, one byte each, then the byte 0xFF (which no UTF-8 text holds), then a YAML text. The
//! choices pick operations, places and values, so that nearly every input edits something that is there.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::yaml::{self, Edit, Edited, Language, Operation, Pointer, PointerStep, Reason, YamlRefusal};

/// A text is read or refused; reading it and changing nothing changes no byte.
pub fn parse(data: &[u8]) {
    let (_, text) = split(data);
    match yaml::edit(text, &[]) {
        Ok(edited) => {
            assert_eq!(edited.text, text);
            assert!(edited.proof.splices.is_empty());
        }
        Err(refusal) => has_place(text, &refusal),
    }
    let stream = match yaml::parse(text) {
        Ok(stream) => stream,
        Err(refusal) => return has_place(text, &refusal),
    };
    for document in stream.documents() {
        for path in places(&document.value()) {
            let Ok(pointer) = Pointer::plain(&path) else { panic!("{path}") };
            let _ = document.comments_near(&pointer);
            if let Some(place) = document.locate(&pointer) {
                assert!(text.get(place.span).is_some() && place.line >= 1 && place.column >= 1);
            }
        }
    }
}

/// One operation is done as RFC 6902 says, or refused.
pub fn edit(data: &[u8]) {
    let (mut choices, text) = split(data);
    let Some((document, value)) = pick_document(&mut choices, text) else { return };
    let operations = vec![operation(&mut choices, &value)];
    let _ = patched(text, document, &operations);
}

/// Several operations give what they give one after the other; replacements also in one call.
pub fn sequence(data: &[u8]) {
    let (mut choices, text) = split(data);
    let Some((document, value)) = pick_document(&mut choices, text) else { return };
    let mut state = value.clone();
    let mut operations = Vec::new();
    for _ in 0..1 + choices.next() % 5 {
        let operation = operation(&mut choices, &state);
        if apply(&mut state, &operation).is_ok() {
            operations.push(operation);
        }
    }
    let at_once = patched(text, document, &operations);
    let mut step = text.to_owned();
    for operation in &operations {
        match patched(&step, document, std::slice::from_ref(operation)) {
            Some(next) => step = next,
            None => return,
        }
    }
    if let Some(at_once) = at_once {
        assert_eq!(values(&at_once), values(&step), "{operations:#?}\n{text}");
    }
    replacements_in_one_call(&mut choices, text, document, &value);
}

/// A selector means the item that it selects.
pub fn selector(data: &[u8]) {
    let (mut choices, text) = split(data);
    for line in text.lines() {
        if let Ok(pointer) = line.parse::<Pointer>() {
            assert_eq!(pointer.to_string().parse::<Pointer>().as_ref(), Ok(&pointer), "{line}");
        }
        if let Ok(pointer) = Pointer::plain(line) {
            let back: String = pointer.steps.iter().map(|step| format!("/{}", token(step))).collect();
            assert_eq!(back, line);
        }
    }
    let Some((document, value)) = pick_document(&mut choices, text) else { return };
    let found = selectors(&value);
    let Some((selected, indexed)) = choices.pick(&found) else { return };
    let new = new_value(&mut choices);
    let make = |pointer: &Pointer| {
        let operation = match new.as_array().map(Vec::len) {
            Some(0) => Operation::Remove { pointer: pointer.clone() },
            _ => Operation::Replace { pointer: pointer.clone(), value: new.clone() },
        };
        yaml::edit(text, &[Edit { document, operation }])
    };
    match (make(selected), make(indexed)) {
        (Ok(selected), Ok(indexed)) => {
            assert_eq!(selected.text, indexed.text);
            frame(text, &selected);
        }
        (Err(refusal), _) if matches!(refusal.code, Reason::SelectorMany | Reason::DuplicateKey) => {}
        (Err(_), Err(_)) => {}
        (left, right) => panic!("{selected}: {left:?}, but {right:?}\n{text}"),
    }
}

/// A text in a scalar is edited as it is edited alone; around it nothing changes.
pub fn embedded(data: &[u8]) {
    const AROUND: [&str; 5] = [
        "data:\n  x: |\n    {}\n  # behind\n  y: 1\n",
        "data:\n    'x': \"\" # quoted\n    y: [1]\n",
        "{\"data\": {\"x\": \"\", \"y\": 1}}\n",
        "- a\n- data: {x: '', y: ''}\n",
        "data:\r\n- >-\r\n  {}\r\n- b",
    ];
    const PLACE: [&str; 5] = ["/data/x", "/data/x", "/data/x", "/1/data/x", "/data/0"];
    let (mut choices, inner) = split(data);
    let around = choices.next() % AROUND.len();
    let pointer = PLACE[around];
    let holds = json!({"op": "replace", "path": pointer, "value": inner});
    let Some(outer) = patched(AROUND[around], 0, &[holds]) else { return };
    let Some((document, value)) = pick_document(&mut choices, inner) else { return };
    let language = if choices.next() % 2 == 0 { Language::Yaml } else { Language::Json };
    let places = places(&value);
    let Some(place) = choices.pick(&places) else { return };
    let Ok(place) = Pointer::plain(place) else { return };
    let value = new_value(&mut choices);
    let edits = vec![Edit { document, operation: Operation::Replace { pointer: place, value } }];
    let alone = yaml::edit(inner, &edits);
    let Ok(at) = Pointer::plain(pointer) else { panic!("{pointer}") };
    let operation = Operation::Embedded { pointer: at.clone(), language, edits };
    match yaml::edit(&outer, &[Edit { document: 0, operation }]) {
        Ok(edited) => {
            frame(&outer, &edited);
            let alone = alone.unwrap_or_else(|refusal| panic!("refused alone: {refusal}\n{inner}"));
            let mut wanted = values(&outer);
            if let Some(place) = wanted[0].pointer_mut(pointer) {
                *place = alone.text.into();
            }
            assert_eq!(values(&edited.text), wanted, "{outer}");
        }
        Err(refusal) => has_place(&outer, &refusal),
    }
}

/// Applies a patch and checks the result, or a refusal's place (then `None`).
pub fn patched(text: &str, document: usize, operations: &[Value]) -> Option<String> {
    match yaml::patch(text, document, &to_patch(operations)) {
        Ok(edited) => {
            frame(text, &edited);
            means(text, document, operations, &edited.text);
            Some(edited.text)
        }
        Err(refusal) => {
            has_place(text, &refusal);
            None
        }
    }
}

/// The result is the text before with the splices of the proof; ends, mark and documents are kept.
fn frame(before: &str, edited: &Edited) {
    let mut text = String::new();
    let mut at = 0;
    for (range, new) in &edited.proof.splices {
        assert!(at <= range.start, "{:?}", edited.proof.splices);
        text.push_str(&before[at..range.start]);
        text.push_str(new);
        at = range.end;
    }
    text.push_str(&before[at..]);
    assert_eq!(text, edited.text);
    assert_eq!(before.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
    assert_eq!(before.ends_with(['\n', '\r']), text.ends_with(['\n', '\r']), "{before:?}, {text:?}");
    match yaml::edit(&text, &[]) {
        Ok(same) => assert_eq!(same.text, text),
        Err(refusal) => panic!("the result is refused: {refusal}\n{text}"),
    }
}

/// The values are those that RFC 6902 gives, in our reading and in that of an independent reader.
fn means(before: &str, document: usize, operations: &[Value], after: &str) {
    let mut wanted = values(before);
    for operation in operations {
        if let Err(error) = apply(&mut wanted[document], operation) {
            panic!("{error}: {operations:#?}\n{before}");
        }
    }
    let found = values(after);
    assert_eq!(found, wanted, "{operations:#?}\n{before}\n---- gave\n{after}");
    if elsewhere(before).as_ref() == Some(&values(before)) {
        // It has limits of its own, such as keys of 1,024 characters.
        if let Some(other) = elsewhere(after) {
            assert_eq!(other, wanted, "{operations:#?}\n{before}\n---- gave\n{after}");
        }
    }
}

/// RFC 6902 without tests, and two things that the engine does beyond it: a null becomes the collection to which
/// something is added, and what is moved to its own place stays.
pub fn apply(value: &mut Value, operation: &Value) -> Result<(), json_patch::PatchError> {
    let stays = operation["op"] == "move" && operation["from"] == operation["path"];
    if stays || operation["op"] == "test" {
        return Ok(());
    }
    let mut steps = vec![operation.clone()];
    if operation["op"] == "move" || operation["op"] == "copy" {
        let from = operation["from"].as_str().unwrap_or_default();
        let add = json!({"op": "add", "path": operation["path"], "value": value.pointer(from)});
        steps = vec![add];
        if operation["op"] == "move" {
            steps.insert(0, json!({"op": "remove", "path": from}));
        }
    }
    for step in steps {
        let path = step["path"].as_str().unwrap_or_default();
        let parent = path.rsplit_once('/').filter(|_| step["op"] == "add");
        if let Some((parent, last)) = parent
            && let Some(null) = value.pointer_mut(parent).filter(|parent| parent.is_null())
        {
            *null = if last == "-" { json!([]) } else { json!({}) };
        }
        json_patch::patch(value, &to_patch(&[step]))?;
    }
    Ok(())
}

/// The documents' values as the engine reads them.
pub fn values(text: &str) -> Vec<Value> {
    match yaml::parse(text) {
        Ok(stream) => stream.documents().iter().map(yaml::Document::value).collect(),
        Err(refusal) => panic!("{refusal}\n{text}"),
    }
}

/// The documents' values as serde_yaml reads them, a port of libyaml.
fn elsewhere(text: &str) -> Option<Vec<Value>> {
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).ok()).collect()
}

fn has_place(text: &str, refusal: &YamlRefusal) {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() + 1;
    assert!((1..=lines).contains(&refusal.line) && refusal.column >= 1, "{refusal}");
    assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty());
}

fn replacements_in_one_call(choices: &mut Choices<'_>, text: &str, document: usize, value: &Value) {
    let places = places(value);
    let mut operations: Vec<(String, Value)> = Vec::new();
    for _ in 0..1 + choices.next() % 4 {
        let Some(place) = choices.pick(&places) else { return };
        let apart = |other: &String| {
            !format!("{place}/").starts_with(&format!("{other}/"))
                && !format!("{other}/").starts_with(&format!("{place}/"))
        };
        if operations.iter().all(|(other, _)| apart(other)) {
            operations.push((place.clone(), new_value(choices)));
        }
    }
    let edits: Vec<Edit> = operations
        .iter()
        .filter_map(|(place, value)| Some((Pointer::plain(place).ok()?, value.clone())))
        .map(|(pointer, value)| Edit { document, operation: Operation::Replace { pointer, value } })
        .collect();
    let replace = |(path, value): &(String, Value)| json!({"op": "replace", "path": path, "value": value});
    let in_order: Vec<Value> = operations.iter().map(replace).collect();
    let one_call = yaml::edit(text, &edits).map(|edited| edited.text);
    match (one_call, patched(text, document, &in_order)) {
        (Ok(one_call), Some(in_order)) => assert_eq!(one_call, in_order, "{text}"),
        (Err(_), None) => {}
        (left, right) => panic!("in one call {left:?}, in order {right:?}\n{in_order:#?}\n{text}"),
    }
}

/// The choices and the text of an input.
pub fn split(data: &[u8]) -> (Choices<'_>, &str) {
    let at = data.iter().position(|&byte| byte == 0xFF);
    let (choices, text) = at.map_or((&[][..], data), |at| (&data[..at], &data[at + 1..]));
    // More would only make values that are deep, and slow to compare.
    let choices = &choices[..choices.len().min(64)];
    let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    (Choices(choices), text)
}

/// The choices that are left; 0 when there are no more.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn pick<'v, T>(&mut self, from: &'v [T]) -> Option<&'v T> {
        let wide = if from.len() > 256 { self.next() * 256 } else { 0 };
        let at = wide + self.next();
        from.get(at.checked_rem(from.len())?)
    }
}

/// A document that can be edited, with its value.
pub fn pick_document(choices: &mut Choices<'_>, text: &str) -> Option<(usize, Value)> {
    yaml::edit(text, &[]).ok()?;
    // Values that contain themselves cannot be read.
    yaml::parse(text).ok()?;
    let values = values(text);
    let document = choices.next().checked_rem(values.len())?;
    Some((document, values[document].clone()))
}

/// An operation of RFC 6902; nearly always one that fits the value.
pub fn operation(choices: &mut Choices<'_>, value: &Value) -> Value {
    let places = places(value);
    let kind = choices.next() % 9;
    let place = choices.pick(&places).cloned().unwrap_or_default();
    match kind {
        0 | 1 => json!({"op": "replace", "path": place, "value": new_value(choices)}),
        2 | 3 => {
            let path = new_place(choices, value, &place);
            json!({"op": "add", "path": path, "value": new_value(choices)})
        }
        4 | 5 => json!({"op": "remove", "path": place}),
        6 | 7 => {
            let to = choices.pick(&places).cloned().unwrap_or_default();
            let path = new_place(choices, value, &to);
            json!({"op": if kind == 6 { "move" } else { "copy" }, "from": place, "path": path})
        }
        _ => json!({"op": "test", "path": place, "value": value.pointer(&place)}),
    }
}

fn new_place(choices: &mut Choices<'_>, value: &Value, place: &str) -> String {
    const KEYS: [&str; 12] =
        ["a", "new", "", "- x", "yes", "a: b", "#", "é😀", "0", "x~1y", "two words", "line\nbreak"];
    match value.pointer(place) {
        Some(Value::Array(list)) => {
            let at = choices.next() % (list.len() + 2);
            if at > list.len() { format!("{place}/-") } else { format!("{place}/{at}") }
        }
        Some(Value::Object(_) | Value::Null) => {
            let key = choices.next();
            let key = if key == 255 { "k".repeat(1100) } else { KEYS[key % KEYS.len()].to_owned() };
            format!("{place}/{key}")
        }
        _ => place.to_owned(),
    }
}

/// A value that is easily written wrongly.
fn new_value(choices: &mut Choices<'_>) -> Value {
    const TEXTS: [&str; 40] = [
        "a",
        "",
        "yes",
        "on",
        "null",
        "~",
        "010",
        "1_000",
        "1e3",
        "0x1F",
        "12:30:45",
        "2026-08-01",
        "a: b",
        "a #b",
        "#",
        " a",
        "a ",
        "- a",
        "-",
        "?",
        ":",
        "[x]",
        "{y}",
        "*a",
        "&a",
        "!t",
        "%d",
        "@",
        "`",
        "'\"",
        "\\",
        "a\nb\n",
        "a\nb",
        "a\n\n\nb\n\n",
        "\n",
        " a\n b\n",
        "\ta\tb",
        "é😀e\u{301}",
        "\u{feff}\u{85}\u{2028}",
        "---\na: 1\n...\n",
    ];
    match choices.next() % 16 {
        0..=5 => TEXTS[choices.next() % TEXTS.len()].into(),
        6 => [Value::Null, json!(true), json!(false)][choices.next() % 3].clone(),
        7 => json!(choices.next() * 1000),
        8 => {
            [json!(-1), json!(0.5), json!(1e21), json!(-1.5e-9), json!(u64::MAX)][choices.next() % 5].clone()
        }
        9 => json!([]),
        10 => json!({}),
        11 => json!([new_value(choices), "b"]),
        12 => json!({"k": new_value(choices)}),
        13 => json!({"a": new_value(choices), "b": [new_value(choices)]}),
        14 => "long ".repeat(choices.next()).into(),
        _ => json!([[new_value(choices)], {"": [[], {}]}]),
    }
}

/// The JSON Pointers of a value, from the root on; not more than a few thousand.
pub fn places(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    collect(value, "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(list) => list.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (yaml::escape(key), value)).collect(),
        _ => return,
    };
    for (token, child) in children {
        if found.len() >= 2000 {
            return;
        }
        let path = format!("{path}/{token}");
        found.push(path.clone());
        collect(child, &path, found);
    }
}

/// Pointers that select an item by a field, with the same by index.
fn selectors(value: &Value) -> Vec<(Pointer, Pointer)> {
    let mut found = Vec::new();
    for path in places(value) {
        let Some(Value::Array(items)) = value.pointer(&path) else { continue };
        for (index, item) in items.iter().enumerate() {
            let Value::Object(map) = item else { continue };
            let Ok(list) = Pointer::plain(&path) else { continue };
            for (key, value) in map {
                let Value::String(value) = value else { continue };
                let mut selected = list.clone();
                selected.steps.push(PointerStep::Item { key: key.clone(), value: value.clone() });
                found.push((selected, list.child(index.to_string())));
            }
        }
    }
    found
}

fn token(step: &PointerStep) -> String {
    match step {
        PointerStep::Key(key) => yaml::escape(key),
        PointerStep::Item { key, .. } => panic!("a plain pointer selects nothing: {key}"),
    }
}

fn to_patch(operations: &[Value]) -> json_patch::Patch {
    match serde_json::from_value(Value::Array(operations.to_vec())) {
        Ok(patch) => patch,
        Err(error) => panic!("{error}: {operations:#?}"),
    }
}
