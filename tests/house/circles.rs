//! Circles of files: which file uses names that another one declares, and where such uses come back.
//!
//! A name that a file only passes on (`pub use`) belongs to the file that declares it: whoever takes it uses that
//! file, and the one in between uses nothing. Neither does `mod child;` use the child. What is compiled for tests only
//! is left out: a unit test may build its input with anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::{NamedPath, Source};

/// How many re-exports are followed before a name counts as the last file's.
const MOST_HOPS: usize = 16;

/// Files and what each uses of the others.
pub struct Graph {
    files: Vec<File>,
    by_module: BTreeMap<NamedPath, usize>,
    /// For each file: the files that it uses, and the names by which it does.
    uses: Vec<BTreeMap<usize, BTreeSet<String>>>,
}

/// One file as the others see it.
struct File {
    path: String,
    module: NamedPath,
    /// Names that a `use` declaration brings in, and what they name.
    imports: Vec<(String, NamedPath)>,
    children: BTreeSet<String>,
    declares_trait: bool,
}

impl Graph {
    /// The graph of all files below `src`.
    pub fn of(sources: &[Source]) -> Self {
        let sources: Vec<Source> = sources
            .iter()
            .filter(|source| !matches!(source.path.as_str(), "src/lib.rs" | "src/main.rs"))
            .map(Source::without_tests)
            .collect();
        let files: Vec<File> = sources.iter().map(File::of).collect();
        let by_module = files.iter().enumerate().map(|(at, file)| (file.module.clone(), at)).collect();
        let mut graph = Self { files, by_module, uses: vec![BTreeMap::new(); sources.len()] };
        for (user, source) in sources.iter().enumerate() {
            for mention in source.mentions() {
                // Passing a name on is no use, unless the file's own code says it too.
                if let Some(name) = &mention.import
                    && mention.is_public
                    && !source.says_bare(name)
                {
                    continue;
                }
                graph.note(user, mention.path);
            }
        }
        graph
    }

    /// Notes that a file names a path, if the path leads to another file.
    fn note(&mut self, user: usize, path: NamedPath) {
        let Some((used, name)) = self.owner(user, path) else { return };
        if used == user || self.is_trait_with_adapter(user, used) {
            return;
        }
        self.uses[user].entry(used).or_default().insert(name);
    }

    /// The file that declares what a path names as seen from a file, and the name there; `None` for modules themselves
    /// and for what is outside of the crate.
    fn owner(&self, mut from: usize, mut path: NamedPath) -> Option<(usize, String)> {
        for _ in 0..MOST_HOPS {
            path = self.files[from].absolute(path)?;
            let (file, rest) = self.longest(&path)?;
            let (name, inner) = rest.split_first()?;
            let import = self.files[file].imports.iter().find(|(imported, _)| imported == name);
            let Some((_, target)) = import else { return Some((file, name.clone())) };
            path = target.iter().chain(inner).cloned().collect();
            from = file;
        }
        None
    }

    /// The file of the longest beginning of an absolute path, and what follows.
    fn longest<'p>(&self, path: &'p [String]) -> Option<(usize, &'p [String])> {
        let inside = &path[1..];
        (1..=inside.len()).rev().find_map(|length| {
            let file = self.by_module.get(&inside[..length])?;
            Some((*file, &inside[length..]))
        })
    }

    /// A port's trait and its adapters are one thing: they may know each other.
    fn is_trait_with_adapter(&self, user: usize, used: usize) -> bool {
        let (port, adapter) = (&self.files[user], &self.files[used]);
        let folder = port.path.strip_suffix("mod.rs").unwrap_or("-");
        port.declares_trait
            && port.module.len() == 2
            && port.module[0] == "ports"
            && adapter.path.starts_with(folder)
    }

    /// The circles: groups of files each of which reaches each other one. Sorted; the files too.
    pub fn circles(&self) -> Vec<Vec<&str>> {
        let reach: Vec<BTreeSet<usize>> = (0..self.files.len()).map(|file| self.reached(file)).collect();
        let mut circles = BTreeSet::new();
        for file in 0..self.files.len() {
            let ring = reach[file].iter().filter(|other| reach[**other].contains(&file));
            let mut ring: Vec<&str> = ring.map(|other| self.files[*other].path.as_str()).collect();
            ring.sort_unstable();
            if !ring.is_empty() {
                circles.insert(ring);
            }
        }
        circles.into_iter().collect()
    }

    /// All files that a file uses, directly or through others.
    fn reached(&self, file: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(next) = open.pop() {
            open.extend(self.uses[next].keys().filter(|used| reached.insert(**used)));
        }
        reached
    }

    /// The shortest way around in a circle, one line for each use, with the names that tie it.
    pub fn ring(&self, circle: &[&str]) -> Vec<String> {
        let inside = |file: &usize| circle.contains(&self.files[*file].path.as_str());
        let members = (0..self.files.len()).filter(inside);
        let shortest = members.filter_map(|start| self.way_around(start)).min_by_key(Vec::len);
        let way = shortest.unwrap_or_default();
        let uses = way.iter().zip(way.iter().cycle().skip(1)).map(|(user, used)| {
            let names = self.uses[*user].get(used).into_iter().flatten().map(|name| format!("`{name}`"));
            let names: Vec<String> = names.collect();
            format!("{} uses {} of {}", self.files[*user].path, names.join(", "), self.files[*used].path)
        });
        uses.collect()
    }

    /// The shortest way from a file back to itself.
    fn way_around(&self, start: usize) -> Option<Vec<usize>> {
        let mut came_from = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(file) = open.pop_front() {
            for used in self.uses[file].keys() {
                if *used == start {
                    let mut way = vec![file];
                    while let Some(before) = way.last().and_then(|last| came_from.get(last)) {
                        way.push(*before);
                    }
                    way.reverse();
                    return Some(way);
                }
                if !came_from.contains_key(used) {
                    came_from.insert(*used, file);
                    open.push_back(*used);
                }
            }
        }
        None
    }
}

impl File {
    fn of(source: &Source) -> Self {
        let imports =
            source.mentions().into_iter().filter_map(|mention| Some((mention.import?, mention.path)));
        Self {
            path: source.path.clone(),
            module: source.module(),
            imports: imports.collect(),
            children: source.children().into_iter().map(str::to_owned).collect(),
            declares_trait: !source.declared(&["trait"]).is_empty(),
        }
    }

    /// A path from the crate's root, for one that begins with a child module or an imported name; `None` for paths that
    /// lead out of the crate.
    fn absolute(&self, path: NamedPath) -> Option<NamedPath> {
        let first = path.first()?;
        if first == "crate" {
            return Some(path);
        }
        if self.children.contains(first) {
            let root = std::iter::once("crate".to_owned()).chain(self.module.iter().cloned());
            return Some(root.chain(path).collect());
        }
        let (_, target) = self.imports.iter().find(|(name, _)| name == first)?;
        // An import that begins with its own name, such as `use serde::{self}`, leads out of the crate.
        if target.first() == Some(first) {
            return None;
        }
        self.absolute(target.iter().chain(path.iter().skip(1)).cloned().collect())
    }
}
