//! `writ`: a GitOps bot that turns one comment into one audited pull request, and changes no other byte.
//!
//! # From above
//!
//! A person comments `/actuate pause-trading reason="…" confirm=…` on GitHub. A webhook brings it; what it asks is kept
//! in a database before it is answered. A worker then takes the run through its steps: may this person, what would
//! change, what do the policies say, write it into the ledger, push a branch, open a pull request, answer the comment.
//! Argo CD applies what people merge. `writ` itself never merges and never touches a cluster.
//!
//! # The floors
//!
//! Imports point down only; `tests/house.rs` fails when they do not.
//!
//! | floor | module | what |
//! | --- | --- | --- |
//! | 4 | [`cli`] | the terminal door, settings, wiring, the demo; the only reader of the environment |
//! | 3 | [`http`] | webhooks, pages, metrics, health; decides nothing about runs |
//! | 2 | [`service`] | what the bot does: accept, work, plan, propose, reply |
//! | 1 | [`ports`] | one folder per outside thing: a trait, its errors, its adapters; no port knows another |
//! | 0 | [`domain`] | values and rules: no I/O, no async, no clock, no randomness |
//!
//! Beside the code stand data: `patches/` (procedures), `policies/` (Rego rules) and `templates/` (every sentence the bot
//! says). They are inside the binary, and a folder can take their place ([`ports::library`]).
//!
//! # Words
//!
//! | word | meaning |
//! | --- | --- |
//! | delivery | one HTTP message that arrived and whose signature held |
//! | command | what a comment says: a verb, arguments, a reason, a confirmation ([`domain::command`]) |
//! | request | what is asked, whatever the door ([`domain::request`]) |
//! | procedure | a named, versioned recipe: a file in `patches/` ([`domain::procedure`]) |
//! | plan | the pure result of request, procedure and base tree ([`domain::plan`]) |
//! | refusal, reason code | why something was not done, and the code of the one table by which it is explained ([`domain::refusal`], [`domain::reason`]) |
//! | policy, verdict | a rule in `policies/`; allow, warn or deny, with place and remedy ([`domain::policy`]) |
//! | admission | whether a run may change a repository now, or waits, behind whom and why ([`domain::admission`]) |
//! | conflict | an open pull request of an earlier run that writes the same field ([`domain::conflict`]) |
//! | approval | whether another human has approved exactly what was planned ([`domain::approval`]) |
//! | run | one request's way through the steps, or one look at a pull request ([`domain::run`]) |
//! | happening, look | something that happened at a pull request; reading and judging it anew ([`service::reconciliation`]) |
//! | check run | what stands beside a commit: the verdict on a pull request's head ([`service::checks`]) |
//! | record, checkpoint, proof | a leaf of the ledger; its signed root; the path between them ([`domain::ledger`]) |
//!
//! # What always holds
//!
//! - **Only the named fields change.** [`domain::yaml`] writes splices and proves each: every other byte, comment and
//!   node of the output is the input's, or the edit is refused. Nobody else writes manifests.
//! - **A command that was answered 2xx is never lost and never done twice.** Delivery, run and first record are one
//!   transaction ([`service::accept`]); a step writes its intent before its effect and looks for the effect before it
//!   repeats it ([`service::worker`]).
//! - **A run's moves are one `match`**: [`domain::run::next`]. No other code decides which step follows.
//! - **The same request on the same base gives the same commit** on any machine ([`service::planning`]): author, dates
//!   and branch follow from the request; nothing there reads a clock.
//! - **`change.planned` is in the ledger before its branch exists**, and the pull request carries the proof.
//! - **Policies compare**: what was wrong before is a warning, what gets worse is a denial. They fail closed.
//! - **Text from people is data**: never a template, a path, a branch or a shell word.
//! - Deliberately absent: merging, a checkout of the target repository, `kubectl`, secrets in settings or logs.
//!
//! # The way of a comment
//!
//! 1. [`http`] checks the signature over the raw body, before anything is parsed, and hands the delivery to
//!    [`service::accept::Intake`], which reads the comment by the one table ([`domain::command::table`]) and keeps it.
//! 2. [`service::worker::Worker`] leases the run's next step from [`ports::store`]; leases expire and are fenced, so a
//!    dead worker's run goes on elsewhere.
//! 3. `authorize` asks [`ports::forge`] for the person's permission and reads the comment again; `turn` waits; `plan` reads the base's
//!    tree from git objects ([`ports::git`]) and lets [`service::planning::Planner`] work out the edit; `check` obeys the
//!    verdict; `record` appends `change.planned`.
//! 4. `push` makes the commit by tree surgery and creates the branch by compare-and-swap; `propose` opens the pull request
//!    whose body [`service::proposal`] wrote and [`service::notary`] proved; `report` answers under the comment.
//! 5. `writ audit` checks all of it later, from the database or from the pull request alone.
//!
//! # The way of a pull request
//!
//! Whatever happens at one (opened, pushed to, reviewed, closed; its check asked for again) only says that there is
//! something to see: [`service::reconciliation`] keeps a run for it, which what happens meanwhile joins. `observe` reads the pull
//! request from the forge and keeps what became of it; `judge` fetches its head as objects, compares it with its merge
//! base ([`service::judging`]) and keeps the verdict; `conclude` brings the check run `writ/policy` on the head to it.
//!
//! To see it happen: `writ demo`. To start reading: [`domain::run`], then [`service::worker`].

#![forbid(unsafe_code)]

pub mod cli;
pub mod domain;
pub mod http;
pub mod ports;
pub mod service;
