//! Both sides of a change as they are applied, paired: which objects, which builds, what is not understood.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::kustomize::{KustomizeError, Reach, Unknown, is_kustomization};
use crate::domain::risk::Risk;
use crate::domain::target::TargetProfile;

use super::effective::{Effective, EffectiveCache, Listing, source};
use super::files::{Files, is_manifest};
use super::objects::{Objects, Side, Way};

/// Both sides, paired.
pub(super) struct Gathered {
    pub objects: Objects,
    pub builds: Vec<BuildFact>,
    pub unknown: Vec<UnknownFact>,
}

/// A folder that is built, as rules see it.
#[derive(Serialize)]
pub(super) struct BuildFact {
    folder: String,
    base_problem: Option<ProblemFact>,
    head_problem: Option<ProblemFact>,
    /// Whether both sides have the same files, everywhere.
    unchanged: bool,
}

/// Why a folder does not build.
#[derive(PartialEq, Serialize)]
struct ProblemFact {
    path: String,
    message: String,
    /// The budget that is exceeded, where that is why.
    budget: Option<String>,
}

/// Something that a kustomization asks for and that is not understood, as rules see it.
#[derive(Serialize)]
pub(super) struct UnknownFact {
    path: String,
    what: String,
    reach: &'static str,
    base: bool,
    head: bool,
    /// Whether what it says, or a file that it reads, differs.
    changed: bool,
}

impl Gathered {
    /// Gathers both sides; `risk` is that of the procedure which was asked for, if any.
    pub(super) fn of(
        target: &TargetProfile,
        [base, head]: [&Files<'_>; 2],
        risk: Option<Risk>,
        known: &EffectiveCache,
    ) -> Self {
        let gitops_path = target.gitops_path.as_str();
        let before = Effective::of_known(base, gitops_path, None, known);
        let after = Effective::of_known(head, gitops_path, Some(&before), known);
        for (files, effective) in [(base, &before), (head, &after)] {
            // Where a build exceeds its budget, files are judged as they are, with one of their own.
            match effective.exceeded {
                None => files.resume(effective.work, &effective.spent),
                Some(_) => files.note_exceeded(effective.work),
            }
        }
        let mut objects = Objects::new(gitops_path);
        let sides = Sides { target, base: (base, &before), head: (head, &after) };
        sides.add_effective(&mut objects);
        for path in paths_of_both(base, head) {
            sides.add_source(path, &mut objects);
        }
        // What differs is read whether objects come of it or not: facts say whether it can be.
        for path in paths_of_both(base, head).filter(|path| is_manifest(path) && sides.differs(path)) {
            base.stated(path);
            head.stated(path);
        }
        let builds = sides.builds();
        // What is denied whatever its objects are is not worth the rules' time. Containment is judged as far as it can be.
        let is_contained = risk == Some(Risk::Containment);
        let is_over =
            |problem: &Option<ProblemFact>| problem.as_ref().is_some_and(|one| one.budget.is_some());
        if builds
            .iter()
            .any(|build| is_over(&build.head_problem) && !(is_contained && is_over(&build.base_problem)))
        {
            objects = Objects::new(gitops_path);
        }
        Self { objects, builds, unknown: sides.unknown() }
    }
}

/// Both sides, as files and as effective manifests.
struct Sides<'a> {
    target: &'a TargetProfile,
    base: (&'a Files<'a>, &'a Effective),
    head: (&'a Files<'a>, &'a Effective),
}

impl Sides<'_> {
    fn applied(&self, folder: &str) -> Way {
        Way::Applied(if folder == self.target.gitops_path { String::new() } else { folder.to_owned() })
    }

    fn add_effective(&self, objects: &mut Objects) {
        for (side, (_, effective)) in [(Side::Base, self.base), (Side::Head, self.head)] {
            for (folder, built) in effective.builds() {
                // What does not build any more is compared as it is, file with file.
                if side == Side::Base && matches!(self.head.1.build(folder), Some(Err(_))) {
                    continue;
                }
                let found = built.into_iter().flat_map(|applied| &applied.objects).cloned();
                objects.add(&self.applied(folder), side, found);
            }
        }
    }

    /// Adds what a file says of itself, where no build says it: files that no kustomization lists, those of
    /// kustomizations that do not build, and kustomizations themselves.
    fn add_source(&self, path: &str, objects: &mut Objects) {
        let differs = self.differs(path);
        if self.is_unapplied(path) {
            let is_guarded =
                || self.head.0.content(path).is_some_and(|content| self.is_guarded(content.bytes));
            if differs || is_guarded() {
                objects.add(&Way::Unapplied, Side::Base, source(self.base.0, path));
                objects.add(&Way::Unapplied, Side::Head, source(self.head.0, path));
            }
            return;
        }
        for (side, own, other) in [(Side::Base, self.base, self.head), (Side::Head, self.head, self.base)] {
            let way = match own.1.listing(path) {
                Listing::Used if differs && is_kustomization(path) => Way::Applied(String::new()),
                Listing::Used => match self.head.1.listing(path) {
                    Listing::Broken(folder) => self.applied(folder),
                    _ => continue,
                },
                Listing::Unlisted => continue,
                Listing::Plain => Way::Applied(String::new()),
                Listing::Read(folder) => self.applied(folder),
                // What the other side applies of it is known; all of it where that is not known either.
                Listing::Broken(folder) => match other.1.build(folder) {
                    Some(Ok(built)) if !built.uses(path) && other.0.content(path).is_some() => continue,
                    _ => self.applied(folder),
                },
            };
            objects.add(&way, side, source(own.0, path));
        }
    }

    /// Whether no kustomization lists a file: in the head, or where it is gone there, in the base.
    fn is_unapplied(&self, path: &str) -> bool {
        let (_, effective) = if self.head.0.content(path).is_some() { self.head } else { self.base };
        effective.listing(path) == Listing::Unlisted
    }

    /// Whether a file is worth judging although it is neither changed nor applied.
    fn is_guarded(&self, bytes: &[u8]) -> bool {
        let names = &self.target.guarded_names;
        std::str::from_utf8(bytes).is_ok_and(|text| names.iter().any(|name| text.contains(name)))
    }

    fn differs(&self, path: &str) -> bool {
        match (self.base.0.content(path), self.head.0.content(path)) {
            (Some(base), Some(head)) => !base.is(&head),
            _ => true,
        }
    }

    fn unknown(&self) -> Vec<UnknownFact> {
        type UnknownByPlace<'u> = BTreeMap<(&'u str, &'u str), [Vec<&'u Unknown>; 2]>;
        let mut found = UnknownByPlace::new();
        for (side, effective) in [self.base.1, self.head.1].into_iter().enumerate() {
            for unknown in effective.builds().flat_map(|(_, built)| built).flat_map(|built| &built.unknown) {
                found.entry((&unknown.path, &unknown.what)).or_default()[side].push(unknown);
            }
        }
        let reach = |unknown: &Unknown| unknown.reach;
        let fact = |((path, what), [base, head]): ((&str, &str), [Vec<&Unknown>; 2])| {
            let mut files = base.iter().chain(&head).flat_map(|unknown| &unknown.reads);
            UnknownFact {
                path: path.to_owned(),
                what: what.to_owned(),
                reach: match base.iter().chain(&head).any(|unknown| reach(unknown) == Reach::Alters) {
                    true => "alters",
                    false => "adds",
                },
                base: !base.is_empty(),
                head: !head.is_empty(),
                changed: base != head || files.any(|path| self.differs(path)),
            }
        };
        found.into_iter().map(fact).collect()
    }

    fn builds(&self) -> Vec<BuildFact> {
        let (base, head) = (self.base.1, self.head.1);
        let folders: BTreeSet<&str> = base.builds().chain(head.builds()).map(|(folder, _)| folder).collect();
        let unchanged = !paths_of_both(self.base.0, self.head.0).any(|path| self.differs(path));
        let fact = |folder: &str| BuildFact {
            folder: folder.to_owned(),
            base_problem: problem(base, folder),
            head_problem: problem(head, folder),
            unchanged,
        };
        let mut facts: Vec<BuildFact> = folders.into_iter().map(fact).collect();
        // What files say that nothing builds is a part of the side too.
        let (base_problem, head_problem) = (unread(self.base.0), unread(self.head.0));
        if base_problem.is_some() || head_problem.is_some() {
            let folder = self.target.gitops_path.clone();
            facts.push(BuildFact { folder, base_problem, head_problem, unchanged });
        }
        facts
    }
}

fn paths_of_both<'p>(base: &Files<'p>, head: &Files<'p>) -> impl Iterator<Item = &'p str> + use<'p> {
    let paths: BTreeSet<&str> = base.paths().chain(head.paths()).collect();
    paths.into_iter()
}

fn problem(side: &Effective, folder: &str) -> Option<ProblemFact> {
    let error: KustomizeError = side.build(folder)?.err()?.clone();
    let budget = error.budget.map(|exceeded| exceeded.resource.to_string());
    Some(ProblemFact { path: error.path, message: error.message, budget })
}

/// Why not all files were read.
fn unread(files: &Files<'_>) -> Option<ProblemFact> {
    let exceeded = files.budget().exceeded()?;
    let budget = Some(exceeded.resource.to_string());
    Some(ProblemFact { path: String::new(), message: exceeded.to_string(), budget })
}
