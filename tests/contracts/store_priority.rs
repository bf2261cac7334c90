//! What every store keeps to in the order of steps: priorities, accounts, and what a crowd does to a containment.

use std::sync::Arc;

use writ::domain::names::{AccountId, RepositoryName};
use writ::domain::priority::{Priority, Rights, Work};
use writ::domain::run::{Outcome, Position, Step};
use writ::ports::store::{Account, Arrival, Finished, Lease, Store};

use super::store::{arrival, at, finished, lease, reconciliation, run_id};

/// An account that may write, one that nobody knows, and the first of a crowd.
const ADA: AccountId = AccountId(1);
const STRANGER: AccountId = AccountId(2);
const CROWD: u64 = 1000;

fn shop() -> RepositoryName {
    "acme/shop".parse().expect("a name")
}

/// A command of an account, run `number`, received `seconds` after the start.
fn command(number: u64, actor: AccountId, work: Work, seconds: i64) -> Arrival {
    let mut arrival = arrival(&format!("command-{number}"), number, seconds);
    arrival.runs[0].actor = Some(actor);
    arrival.runs[0].work = work;
    arrival
}

async fn accept(store: &Arc<dyn Store>, arrival: &Arrival) {
    store.accept(arrival).await.expect("accept");
}

async fn learn(store: &Arc<dyn Store>, actor: AccountId, rights: Rights) {
    let repository = shop();
    let account = Account { repository: &repository, id: actor };
    store.learn_rights(account, rights, at(0)).await.expect("learn");
}

/// Moves the run of a lease to its next step.
async fn go_on(store: &Arc<dyn Store>, lease: &Lease, to: Step, seconds: i64) {
    store.finish(lease, &finished(Position::At(to), seconds)).await.expect("finish");
}

/// The steps of a containment until its pull request is open.
const WAY: [Step; 6] = [Step::Turn, Step::Plan, Step::Check, Step::Record, Step::Push, Step::Propose];

pub async fn no_lower_step_is_begun_before_a_containments_pull_request(store: Arc<dyn Store>) {
    learn(&store, ADA, Rights::Write).await;
    for number in 0..50 {
        accept(&store, &command(number, ADA, Work::Command, 0)).await;
    }
    accept(&store, &reconciliation(50, 0)).await;
    let in_flight = [lease(&store, "one", 1).await, lease(&store, "two", 1).await].map(Option::unwrap);
    accept(&store, &command(99, ADA, Work::Containment, 2)).await;
    let mut pause = lease(&store, "three", 2).await.expect("the containment");
    for step in WAY {
        assert_eq!((pause.run.id.clone(), pause.priority), (run_id(99), Priority::Containment));
        assert!(lease(&store, "four", 2).await.is_none(), "beside `{}`", pause.step.as_str());
        assert_eq!(store.next_due().await.expect("due"), Some(at(62)), "when the lease on it expires");
        go_on(&store, &pause, step, 2).await;
        assert!(store.next_due().await.expect("due") <= Some(at(2)), "its next step");
        pause = lease(&store, "three", 2).await.expect("its next step");
    }
    // What was begun before goes on; what comes after it does not.
    for begun in &in_flight {
        go_on(&store, begun, Step::Turn, 2).await;
    }
    assert!(lease(&store, "one", 2).await.is_none(), "also not where a worker is free again");
    let outcome = Outcome::Proposed { pull: writ::domain::names::IssueNumber(7), url: String::new() };
    let open = Finished { outcome: Some(outcome), ..finished(Position::At(Step::Close), 3) };
    store.finish(&pause, &open).await.expect("finish");
    let after = [lease(&store, "one", 3).await, lease(&store, "two", 3).await].map(Option::unwrap);
    assert_eq!((after[0].run.id.clone(), after[0].step), (run_id(99), Step::Close), "it keeps its priority");
    assert_ne!(after[1].run.id, run_id(99), "the others go on");
}

/// A worker reads the clock, waits for the database's lock, and leases then: meanwhile others have gone on.
pub async fn a_worker_that_read_the_clock_earlier_begins_no_lower_step(store: Arc<dyn Store>) {
    learn(&store, ADA, Rights::Write).await;
    accept(&store, &command(1, ADA, Work::Command, 0)).await;
    accept(&store, &command(99, ADA, Work::Containment, 1)).await;
    let pause = lease(&store, "one", 1).await.expect("the containment");
    go_on(&store, &pause, Step::Turn, 5).await;
    assert_eq!(lease(&store, "two", 4).await.expect("its next step").run.id, run_id(99));
}

pub async fn a_containment_that_waits_for_something_outside_lets_others_go_on(store: Arc<dyn Store>) {
    learn(&store, ADA, Rights::Write).await;
    for number in 0..4 {
        accept(&store, &command(number, ADA, Work::Command, 0)).await;
    }
    accept(&store, &command(99, ADA, Work::Containment, 1)).await;
    let pause = lease(&store, "one", 1).await.expect("the containment");
    store.postpone(&pause, "the forge is down", at(2), at(17)).await.expect("postpone");
    assert_eq!(store.next_due().await.expect("due"), Some(at(0)), "the others are");
    assert_ne!(lease(&store, "one", 3).await.expect("another").run.id, run_id(99));
    let pause = lease(&store, "two", 17).await.expect("it is due");
    assert_eq!(pause.run.id, run_id(99), "first again");
    assert!(lease(&store, "three", 18).await.is_none());
    // In flight for a minute, it waits for something outside.
    store.extend(&pause, at(1000)).await.expect("extend");
    assert!(lease(&store, "three", 76).await.is_none());
    assert_eq!(store.next_due().await.expect("due"), Some(at(77)));
    assert!(lease(&store, "three", 77).await.is_some());
    // A worker that does not come back holds nobody up for longer than its lease.
    let pause = lease(&store, "four", 1000).await.expect("the lease has expired");
    assert_eq!(pause.run.id, run_id(99));
}

pub async fn priority_decides_before_the_time(store: Arc<dyn Store>) {
    learn(&store, ADA, Rights::Write).await;
    let arrivals = [
        command(1, STRANGER, Work::Command, 0),
        command(2, ADA, Work::Answer, 1),
        reconciliation(3, 2),
        command(4, ADA, Work::Command, 3),
        command(5, STRANGER, Work::Containment, 4),
        command(6, ADA, Work::Containment, 6),
        command(7, ADA, Work::Containment, 5),
    ];
    for arrival in &arrivals {
        accept(&store, arrival).await;
    }
    let mut order = Vec::new();
    while let Some(lease) = lease(&store, "one", 10).await {
        order.push(lease.run.id.clone());
        store.finish(&lease, &finished(Position::Settled, 10)).await.expect("finish");
    }
    assert_eq!(order, [7, 6, 5, 4, 3, 1, 2].map(run_id));
    // What is learned counts for all that waits.
    accept(&store, &command(11, STRANGER, Work::Command, 11)).await;
    accept(&store, &command(12, ADA, Work::Answer, 12)).await;
    accept(&store, &command(13, ADA, Work::Command, 13)).await;
    learn(&store, STRANGER, Rights::NoWrite).await;
    let mut order = Vec::new();
    while let Some(lease) = lease(&store, "one", 20).await {
        order.push((lease.run.id.clone(), lease.priority));
        store.finish(&lease, &finished(Position::Settled, 20)).await.expect("finish");
    }
    let wanted = [(13, Priority::Command), (12, Priority::Answer), (11, Priority::Last)];
    assert_eq!(order, wanted.map(|(number, priority)| (run_id(number), priority)));
}

pub async fn a_crowd_of_pauses_by_strangers_is_behind_one_by_a_known_account(store: Arc<dyn Store>) {
    learn(&store, ADA, Rights::Write).await;
    // One account, a hundred pauses: the first of them goes before other work, until the account is known.
    for number in 0..100 {
        accept(&store, &command(number, STRANGER, Work::Containment, 0)).await;
    }
    for number in CROWD..CROWD + 10 {
        accept(&store, &command(number, AccountId(number), Work::Containment, 1)).await;
    }
    accept(&store, &command(500, ADA, Work::Command, 2)).await;
    accept(&store, &command(501, ADA, Work::Containment, 3)).await;
    let pause = lease(&store, "one", 4).await.expect("the known account's");
    assert_eq!(pause.run.id, run_id(501));
    assert!(lease(&store, "two", 4).await.is_none());
    store.finish(&pause, &finished(Position::Settled, 4)).await.expect("finish");
    let mut before = 0;
    loop {
        let next = lease(&store, "one", 5).await.expect("due");
        if next.run.id == run_id(500) {
            break;
        }
        assert_eq!(next.priority, Priority::UncheckedContainment);
        before += 1;
        let actor = if before == 1 { STRANGER } else { AccountId(CROWD + before - 2) };
        learn(&store, actor, Rights::NoWrite).await;
        go_on(&store, &next, Step::Report, 5).await;
    }
    assert_eq!(before, 11, "one first step for each account that nobody knows");
    accept(&store, &command(600, STRANGER, Work::Containment, 6)).await;
    let next = lease(&store, "one", 7).await.expect("due");
    assert_eq!(next.priority, Priority::Last, "who was refused is last for a day: {:?}", next.run.id);
    // One that turns out to be allowed has all its containments first.
    let late = AccountId(77);
    for number in [700, 701] {
        accept(&store, &command(number, late, Work::Containment, 8)).await;
    }
    learn(&store, late, Rights::Write).await;
    for _ in 0..2 {
        let next = lease(&store, "one", 9).await.expect("due");
        assert_eq!(next.priority, Priority::Containment);
    }
}

pub async fn the_first_refusal_of_a_day_is_replied_to(store: Arc<dyn Store>) {
    for number in 1..=4 {
        accept(&store, &command(number, STRANGER, Work::Command, 0)).await;
    }
    let (here, elsewhere) = (shop(), "acme/other".parse().expect("a name"));
    let day = 24 * 3600;
    for (repository, number, seconds, first) in [
        (&here, 1, 0, true),
        (&here, 2, 1, false),
        (&here, 1, 2, true),
        (&elsewhere, 3, 3, true),
        (&here, 2, day, false),
        (&here, 4, day + 2, true),
        (&here, 2, day + 3, false),
    ] {
        let account = Account { repository, id: STRANGER };
        let claimed = store.claim_refusal(account, &run_id(number), at(seconds)).await.expect("an answer");
        assert_eq!(claimed, first, "run {number} after {seconds} s in {repository}");
    }
    let account = Account { repository: &here, id: STRANGER };
    assert_eq!(store.rights(account, at(0)).await.expect("an answer"), Rights::Unknown);
}

pub async fn commands_are_counted_by_account_and_repository(store: Arc<dyn Store>) {
    for (number, actor) in [(1, ADA), (2, ADA), (3, STRANGER), (4, ADA), (5, ADA)] {
        let mut command = command(number, actor, Work::Answer, i64::try_from(number).expect("small") * 10);
        if number == 4 {
            command.runs[0].subject = "acme/other#4".parse().expect("a subject");
        }
        accept(&store, &command).await;
    }
    let earlier =
        async |number, since| store.earlier_commands(&run_id(number), at(since), 60).await.expect("a count");
    assert_eq!(earlier(1, 0).await, 0);
    assert_eq!(earlier(5, 0).await, 2, "of this account and in this repository");
    assert_eq!(earlier(5, 10).await, 1, "since then");
    assert_eq!(earlier(4, 0).await, 0);
    assert_eq!(store.earlier_commands(&run_id(5), at(0), 1).await.expect("a count"), 1, "no more is read");
}
