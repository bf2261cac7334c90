//! `writ`: a GitOps bot that turns one comment into one audited pull request, and changes no other byte.
//!
//! # From above
//!
//! A person comments `/actuate pause-trading reason="…" confirm=…` on GitHub. A webhook delivers it; the command is stored
//! in a database before the delivery is answered. A worker then takes the run through its steps: check the person's
//! permission, plan the change, ask the policies, append it to the ledger, push a branch, open a pull request, answer the
//! comment. Argo CD applies what people merge. `writ` itself never merges and never touches a cluster.
//!
//! # The floors
//!
//! Imports point down only, and no two files import each other; `tests/house.rs` fails otherwise.
//!
//! | floor | module | what |
//! | --- | --- | --- |
//! | 4 | [`cli`] | the terminal, settings, wiring, the demo; the only reader of the environment |
//! | 3 | [`http`] | webhooks, pages, metrics and health, on three listeners; decides nothing about runs |
//! | 2 | [`service`] | what the bot does: accept, plan, judge, propose, reply, reconcile |
//! | 1 | [`ports`] | one folder per outside thing: a trait, its errors, its adapters; no port knows another |
//! | 0 | [`domain`] | values and rules: no I/O, no async, no clock, no randomness |
//!
//! Beside the code there are data: `patches/` (procedures), `policies/` (Rego rules, lanes, the target) and `templates/`
//! (comments, pull requests, commit messages, check runs and pages). They are inside the binary; a folder adds to them or
//! replaces single files ([`ports::library`]). What is known of the target repository is one of them,
//! `policies/target.yaml` ([`domain::target`]).
//!
//! # Words
//!
//! | word | meaning |
//! | --- | --- |
//! | delivery, event | one authenticated message of a forge, and what it says in neutral terms ([`domain::event`]) |
//! | command | what a comment says: a verb, arguments, a reason, a confirmation ([`domain::command`]) |
//! | request | what is asked, whatever the source ([`domain::request`]) |
//! | procedure | a named, versioned recipe: a file in `patches/` ([`domain::procedure`]) |
//! | plan | the pure result of request, procedure and base tree ([`domain::plan`]) |
//! | refusal, reason code | why something was not done, and the code of the one table by which it is explained ([`domain::refusal`], [`domain::reason`]) |
//! | policy, verdict | a rule in `policies/`; allow, warn or deny, with place and remedy ([`domain::policy`]) |
//! | admission | whether a run may change a repository now, or waits, behind whom and why ([`domain::admission`]) |
//! | priority | which step is performed first, and what a crowd cannot delay ([`domain::priority`]) |
//! | conflict | an open pull request of an earlier run that writes the same field ([`domain::conflict`]) |
//! | approval | whether another human has approved exactly what was planned ([`domain::approval`]) |
//! | run | the steps of one request, or one reconciliation of a pull request ([`domain::run`]) |
//! | reconciliation | reading a pull request, judging its head and reporting on it ([`service::reconciliation`]) |
//! | circumstances | clock and settings as far as they bear upon a verdict, recorded with it ([`domain::policy::Circumstances`]) |
//! | merged over a denial | merged although denied, not approved or not judged ([`domain::merge`]) |
//! | check run | the verdict, or the approval, on a pull request's head commit ([`service::checks`]) |
//! | record, checkpoint, proof | a leaf of the ledger; its signed root; the path between them ([`domain::ledger`]) |
//!
//! # What always holds
//!
//! - **Only the named fields change.** [`domain::yaml`] writes splices and proves each: every other byte, comment and
//!   node of the output is the input's, or the edit is refused. Nothing else writes manifests.
//! - **A command that was answered 2xx is never lost and never done twice.** Delivery, run and first record are one
//!   transaction ([`service::accept`]); a step records its intent before its effect and looks for the effect before it
//!   repeats it ([`service::worker`]).
//! - **A run's moves are one `match`**: [`domain::run::next`]. No other code decides which step follows.
//! - **The same request on the same base, with the same library, gives the same commit** on any machine
//!   ([`service::planning`]): author, dates and branch follow from the request; nothing there reads a clock.
//! - **Every record is signed within a second**, and never over a history that does not continue what was signed before and
//!   kept outside the database ([`service::sealing`], [`service::resumption`]).
//! - **`change.planned` is in the ledger before its branch exists**, and the pull request carries the proof.
//! - **Policies compare**: what was wrong before is a warning, what gets worse is a denial. They fail closed.
//! - **What strangers push costs one check run at most**: it is read within budgets ([`domain::budget`]), in child processes
//!   with limits of their own ([`service::heads`], [`ports::child`]).
//! - **Text from people is data**: never a template, a path, a branch or a shell word.
//! - Deliberately absent: merging, a checkout of the target repository, `kubectl`, secrets in settings or logs.
//!
//! # The way of a comment
//!
//! 1. [`http`] hands headers and raw body to the forge's adapter ([`ports::forge::webhook`]), which checks the signature before
//!    it parses anything and returns a neutral delivery. [`service::accept::Intake`] reads the comment by the one table
//!    ([`domain::command::table`]) and stores it.
//! 2. [`service::worker::Worker`] leases the run's next step from [`ports::store`]; leases expire and are fenced, so
//!    another worker goes on with a dead worker's run.
//! 3. `authorize` asks [`ports::forge`] for the person's permission and reads the comment again; `turn` waits for
//!    admission; `plan` reads the base's tree from git objects ([`ports::git`]) and lets [`service::planning::Planner`] work
//!    out the edit; `check` obeys the verdict; `record` appends `change.planned`.
//! 4. `push` makes the commit by tree surgery and creates the branch by compare-and-swap; `propose` opens the pull request,
//!    whose body is written by [`service::proposal`] and proved by [`service::notary`]; `report` answers the comment.
//! 5. `writ audit` checks all of it later, from the database or from the pull request alone.
//!
//! # The way of a pull request
//!
//! Every event of a pull request (opened, pushed to, reviewed, closed, a check requested again) schedules a
//! reconciliation; events that arrive while one is pending are merged into it ([`service::reconciliation`]). `observe` reads
//! the pull request from the forge and stores its state; `judge` fetches its head as objects, compares it with its merge
//! base ([`service::judging`]) and stores the verdict; `conclude` writes the check run `writ/policy` on the head; `approve`
//! writes `writ/approval`, and takes the pull request out of draft when both hold.
//!
//! To see it run: `writ demo`. To start reading: [`domain::run`], then [`service::worker`]. To change something:
//! `CONTRIBUTING.md`.

#![forbid(unsafe_code)]

pub mod cli;
pub mod domain;
pub mod http;
pub mod ports;
pub mod service;
