//! Procedure files: the embedded ones are valid; each broken one under `procedures/` is refused with line and reason.
//!
//! A broken file's first line says what is expected: `# line N: words that the message has`.

use std::collections::BTreeMap;
use std::path::Path;

use writ::domain::procedure::Catalogue;
use writ::ports::library::Library;

#[test]
fn the_embedded_procedures_are_valid() {
    let catalogue = Catalogue::load(&Library::embedded().patches).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = catalogue.procedures().map(|procedure| procedure.name.as_str()).collect();
    for name in ["pause-trading", "resume-trading", "restart-ws", "suspend-ta", "resume-ta", "restart-ta"] {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
}

#[test]
fn broken_files_are_refused_with_their_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/procedures");
    let mut problems = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let wanted = text.lines().next().unwrap().strip_prefix("# line ").expect("an expectation").to_owned();
        let (line, words) = wanted.split_once(": ").expect("a line and words");
        count += 1;
        match Catalogue::load(&BTreeMap::from([("broken.yaml".to_owned(), text)])) {
            Ok(_) => problems.push(format!("{name}: not refused")),
            Err(error) if error.line.to_string() == line && error.message.contains(words) => {}
            Err(error) => problems.push(format!("{name}: wanted `{wanted}`, got `{error}`")),
        }
    }
    assert!(count >= 15, "only {count} broken files");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn an_inverse_that_is_not_there_is_refused() {
    let mut files = Library::embedded().patches;
    files.remove("resume-trading.yaml");
    let error = Catalogue::load(&files).unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("pause-trading.yaml", 8), "{error}");
    assert!(error.message.contains("there is no procedure `resume-trading`"), "{error}");
}

#[test]
fn an_unknown_procedure_gets_the_name_that_was_probably_meant() {
    let catalogue = Catalogue::load(&Library::embedded().patches).unwrap();
    let refusal = catalogue.find("pause-tradin").unwrap_err();
    assert_eq!(refusal.code, "unknown_procedure");
    assert_eq!(refusal.remedy, "did you mean `pause-trading`?");
    assert!(catalogue.find("`; rm -rf /").unwrap_err().remedy.contains("`restart-ws`"));
}
