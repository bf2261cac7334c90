//! Policies in groups that are compiled and evaluated at the same time, each with all that its policies read.
//!
//! A group has the shared packages and those that one of its policies refers to by name. Files that say nothing so
//! plain, such as one that reads `data.writ` as a whole, are all in one group: how rules are divided never decides what
//! they find.

use std::collections::{BTreeMap, BTreeSet};

/// The most groups; each parses the shared packages again.
const MOST: usize = 4;

/// Rule files by name.
pub(super) type Files<'f> = BTreeMap<&'f str, &'f str>;

/// What each file refers to.
type References<'f> = BTreeMap<&'f str, Vec<Vec<&'f str>>>;

/// A group.
#[derive(Debug, Default)]
pub(super) struct Group<'f> {
    /// The files that are compiled.
    pub files: BTreeSet<&'f str>,
    /// Those of them that the group answers for; shared ones belong to no group.
    pub own: BTreeSet<&'f str>,
    /// The bytes of code of the files that it answers for.
    bytes: usize,
}

/// How many groups this machine has processors for.
pub(super) fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Divides files of rules into at most so many groups of about the same size.
pub(super) fn divided<'f>(files: &Files<'f>, groups: usize) -> Vec<Group<'f>> {
    let packages: BTreeMap<&str, &str> =
        files.iter().filter_map(|(file, text)| Some((*file, package(text)?))).collect();
    let referred: References<'_> = files.iter().map(|(file, text)| (*file, references(text))).collect();
    let is_plain = packages.len() == files.len() && referred.values().flatten().all(is_plain);
    let shared: BTreeSet<&str> = files
        .keys()
        .copied()
        .filter(|file| packages.get(file).is_some_and(|package| is_shared(package)))
        .collect();
    let mut units: BTreeMap<&str, BTreeSet<&'f str>> = BTreeMap::new();
    for (file, package) in packages.iter().filter(|(file, _)| !shared.contains(*file)) {
        units.entry(package).or_default().insert(file);
    }
    if !is_plain || units.is_empty() {
        let files: BTreeSet<&str> = files.keys().copied().collect();
        return vec![Group { own: &files - &shared, files, bytes: 0 }];
    }
    let length = |unit: &BTreeSet<&str>| unit.iter().map(|file| code_length(files[*file])).sum::<usize>();
    let mut units: Vec<BTreeSet<&str>> = units.into_values().collect();
    units.sort_by_key(|unit| std::cmp::Reverse(length(unit)));
    let mut divided: Vec<Group<'_>> = Vec::new();
    divided.resize_with(groups.clamp(1, MOST).min(units.len()), Group::default);
    for unit in units {
        if let Some(group) = divided.iter_mut().min_by_key(|group| group.bytes) {
            group.bytes += length(&unit);
            group.own.extend(&unit);
        }
    }
    for group in &mut divided {
        group.files = needed(&group.own | &shared, &referred, &packages);
    }
    divided
}

/// The bytes of a file without those of its comments.
fn code_length(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).map(str::len).sum()
}

/// Some files and all that they refer to, however far.
fn needed<'f>(
    mut wanted: BTreeSet<&'f str>,
    referred: &References<'_>,
    packages: &BTreeMap<&'f str, &str>,
) -> BTreeSet<&'f str> {
    let mut needed = BTreeSet::new();
    while let Some(file) = wanted.pop_first() {
        needed.insert(file);
        let of_writ = referred[file].iter().filter(|parts| parts.first() == Some(&"writ"));
        let names: BTreeSet<&str> = of_writ.filter_map(|parts| parts.get(1).copied()).collect();
        let others = packages.iter().filter(|(other, package)| {
            let name = package.strip_prefix("writ.").unwrap_or(package);
            names.contains(name.split('.').next().unwrap_or(name)) && !needed.contains(*other)
        });
        wanted.extend(others.map(|(other, _)| *other));
    }
    needed
}

/// The package that a file declares; `None` for one that does not parse anyway.
fn package(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("package "))?;
    line.split_whitespace().next()
}

/// Whether a reference names what it reads.
fn is_plain(parts: &Vec<&str>) -> bool {
    let named = if parts.first() == Some(&"writ") { 2 } else { 1 };
    parts.len() >= named && parts.iter().all(|part| !part.is_empty())
}

fn is_shared(package: &str) -> bool {
    package.starts_with("writ.lib.")
}

/// What a file refers to below `data`: `["writ", "lib"]` of `data.writ.lib.objects`; at most two names each.
fn references(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['#', '"', '`', 'd']) {
        at += next;
        let rest = &text[at..];
        at += match rest.as_bytes()[0] {
            b'#' => rest.find('\n').unwrap_or(rest.len()),
            b'"' => quoted(rest, '"'),
            b'`' => quoted(rest, '`'),
            _ if text[..at].ends_with(is_of_name) => 1,
            _ => {
                let word = name(rest);
                if word == "data" && !text[..at].trim_end().ends_with('.') {
                    found.push(names_below(&rest[word.len()..]));
                }
                word.len()
            }
        };
    }
    found
}

/// The first two names of a path: `a` and `b` of `.a.b.c`.
fn names_below(mut path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    while let (Some(below), true) = (path.strip_prefix('.'), names.len() < 2) {
        names.push(name(below));
        path = &below[name(below).len()..];
    }
    names
}

/// How long the text in quotes is with which this begins.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = quote == '"' && *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + quote.len_utf8())
}

fn name(text: &str) -> &str {
    text.split(|c| !is_of_name(c)).next().unwrap_or_default()
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that each group compiles.
    fn groups(files: &[(&'static str, &'static str)], most: usize) -> Vec<Vec<&'static str>> {
        let files: Files<'_> = files.iter().copied().collect();
        divided(&files, most).into_iter().map(|group| group.files.into_iter().collect()).collect()
    }

    const LIB: (&str, &str) = ("lib/a.rego", "package writ.lib.a\n");

    #[test]
    fn a_group_has_the_shared_files_and_what_its_own_refer_to() {
        let one = ("one.rego", "package writ.one\nimport data.writ.lib.a\nx := data.writ.two.x # data\n");
        let two = ("two.rego", "package writ.two\nx := \"data\" # data[\n");
        let three = ("three.rego", "package writ.three\nx := input.data[\"a\"]\n");
        let expected = [
            vec!["lib/a.rego", "one.rego", "two.rego"],
            vec!["lib/a.rego", "three.rego"],
            vec!["lib/a.rego", "two.rego"],
        ];
        assert_eq!(groups(&[LIB, one, two, three], 3), expected);
        assert_eq!(
            groups(&[LIB, one, two, three], 1),
            [["lib/a.rego", "one.rego", "three.rego", "two.rego"]]
        );
    }

    #[test]
    fn what_reads_more_than_it_names_is_not_divided() {
        let two = ("two.rego", "package writ.two\nx := 1\n");
        for text in ["x := data", "x := data.writ", "x := data[y]", "x := data.writ[y].deny", "import data"] {
            let text: &'static str = format!("package writ.one\n{text}\n").leak();
            assert_eq!(groups(&[LIB, ("one.rego", text), two], 2).len(), 1, "{text}");
        }
        let plain = ("one.rego", "package writ.one\nx := data.settings[y]\n");
        assert_eq!(groups(&[LIB, plain, two], 2).len(), 2);
    }

    #[test]
    fn every_policy_is_in_one_group() {
        let files: BTreeMap<String, String> = (0..9)
            .map(|number| {
                (format!("{number}.rego"), format!("package writ.p{number}\n{}", "x".repeat(number * 10)))
            })
            .collect();
        let files: Files<'_> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        let groups = divided(&files, 4);
        let own: Vec<usize> = groups.iter().map(|group| group.own.len()).collect();
        assert_eq!((groups.len(), own.iter().sum::<usize>()), (4, 9), "{own:?}");
        assert!(groups.iter().all(|group| !group.own.is_empty()));
    }
}
