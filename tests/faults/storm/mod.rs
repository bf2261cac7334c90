//! The storm: a crowd, hostile pull requests, slow clients, kills and a full disk, all at once and for as long as one asks.
//! Meanwhile pauses are asked for, and undone. At the end everything that was accepted is counted.
//!
//! CI runs two rounds; `tests/faults/storm --minutes N` runs as many as there is time for. What is sent follows from the
//! seed (`STORM_SEED`); when it arrives does not.

mod count;
mod people;
mod random;
mod server;
mod table;

use std::time::{Duration, Instant};

use people::{Delivery, People, Undoing};
use random::Random;
use server::{Disk, Server};

use crate::support::bot::Home;
use crate::support::process::Stage;

/// Without `STORM_MINUTES`.
const ROUNDS: u64 = 2;
/// Commands of one round's crowd: in CI, and in a long storm.
const CROWDS: [u64; 2] = [24, 60];
/// So many rounds of a long storm are followed by a lull, in which all that was asked comes to its end.
const ROUNDS_TO_A_LULL: u64 = 20;
/// Slow connections of one round, of each kind.
const SLOW: usize = 40;
/// How long it may take until the next run comes to its end: tries are up to two minutes apart.
const NEXT_END: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_and_no_pause_waits() {
    let minutes = setting("STORM_MINUTES");
    let seed = setting("STORM_SEED").unwrap_or_else(|| jiff::Timestamp::now().as_second().unsigned_abs());
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    eprintln!(
        "storm: seed {seed}, {}",
        minutes.map_or("two rounds".to_owned(), |all| format!("{all} minutes"))
    );
    let home = Home::seeded();
    let disk = Disk::mount(&home.data());
    let stage = Stage::on(home).await;
    let mut storm = Storm::begin(stage, disk, Random::new(seed)).await;
    let crowd = CROWDS[usize::from(end.is_some())];
    let mut round = 0;
    while end.map_or(round < ROUNDS, |end| Instant::now() < end) {
        storm.round(round, crowd).await;
        round += 1;
        if round % ROUNDS_TO_A_LULL == 0 {
            let is_over = storm.people.all_are_over(NEXT_END).await;
            eprintln!(
                "storm: lull after round {round}{}",
                if is_over { "" } else { ": not all came to their ends" }
            );
        }
    }
    let (people, _disk, counted) = storm.counted().await;
    eprintln!("{}", table::of(&counted, round, seed));
    count::audit(&people).await;
    eprintln!("storm: the ledger is sound");
    assert!(counted.problems.is_empty(), "{}", counted.problems.join("\n"));
    assert!(counted.lost == 0 && counted.doubled == 0 && counted.lower_steps == 0, "see the table");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// All that goes on.
struct Storm {
    people: People,
    server: Server,
    disk: Disk,
    random: Random,
    slow: Vec<tokio::net::TcpStream>,
}

impl Storm {
    async fn begin(stage: Stage, disk: Disk, mut random: Random) -> Self {
        server::configure(&stage);
        let server = Server::start(&stage).await;
        let mut people = People::come(stage, random.fork()).await;
        // From here on it is known that ada may write.
        people.say("ada", "/status").await;
        let mut storm = Self { people, server, disk, random, slow: Vec::new() };
        storm.redeliver().await;
        storm.people.settled().await;
        storm.people.keep_checkpoint();
        storm
    }

    /// One round: the fault is in its middle, the pause anywhere.
    async fn round(&mut self, number: u64, crowd: u64) {
        let begun = Instant::now();
        self.people.new_issue().await;
        self.people.gather(crowd).await;
        self.people.events(self.random.below(4) + 1).await;
        self.people.pause().await;
        self.people.shuffle();
        self.open_slow_connections().await;
        match number % 4 {
            0 | 2 => self.kill_meanwhile().await,
            1 => self.fill_the_disk_meanwhile().await,
            _ => {
                self.kill_meanwhile().await;
                self.kill_meanwhile().await;
            }
        }
        self.redeliver().await;
        self.people.repeat(8);
        self.redeliver().await;
        self.slow.clear();
        let undoing = Undoing::ALL[self.random.index(Undoing::ALL.len())];
        self.people.undo_the_pause(undoing).await;
        self.redeliver().await;
        self.people.last_is_over().await;
        eprintln!("storm: round {number}, {undoing:?}, {:.1} s", begun.elapsed().as_secs_f32());
    }

    /// Sends what has not been answered until it is.
    async fn redeliver(&mut self) {
        for _ in 0..1_200 {
            if self.people.pending.is_empty() {
                return;
            }
            let batch = std::mem::take(&mut self.people.pending);
            self.deliver(batch).await;
            if !self.people.pending.is_empty() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        panic!("{} deliveries are never answered", self.people.pending.len());
    }

    async fn deliver(&mut self, batch: Vec<Delivery>) {
        let sent = people::send(self.server.webhooks, batch).await;
        self.people.take_answers(sent);
    }

    /// The server dies somewhere in the middle of deliveries and steps.
    async fn kill_meanwhile(&mut self) {
        let batch = std::mem::take(&mut self.people.pending);
        let sent = tokio::spawn(people::send(self.server.webhooks, batch));
        tokio::time::sleep(Duration::from_millis(self.moment())).await;
        self.server.kill().await;
        self.people.kills += 1;
        self.people.take_answers(sent.await.unwrap());
        self.server = Server::start(&self.people.stage).await;
    }

    /// The disk becomes full in the middle of deliveries and steps, and has space again.
    async fn fill_the_disk_meanwhile(&mut self) {
        let mut batch = std::mem::take(&mut self.people.pending);
        self.people.pending = batch.split_off(batch.len() / 2);
        let sent = tokio::spawn(people::send(self.server.webhooks, batch));
        tokio::time::sleep(Duration::from_millis(self.random.below(200))).await;
        if self.disk.fill().await {
            self.people.full_disks += 1;
            self.people.take_answers(sent.await.unwrap());
            let again = std::mem::take(&mut self.people.pending);
            self.deliver(again).await;
            tokio::time::sleep(Duration::from_millis(1_000 + self.random.below(2_000))).await;
            self.disk.free();
        } else {
            self.people.take_answers(sent.await.unwrap());
        }
    }

    /// Milliseconds until a fault: while deliveries come in, or while steps are under way.
    fn moment(&mut self) -> u64 {
        let within = [150, 1_500][self.random.index(2)];
        self.random.below(within)
    }

    async fn open_slow_connections(&mut self) {
        self.slow = server::slow_connections(self.server.webhooks, SLOW).await;
        self.people.slow_connections += self.slow.len();
    }

    /// Waits until nothing is left to do, stops the server, and counts.
    async fn counted(mut self) -> (People, Disk, count::Counted) {
        self.redeliver().await;
        let is_drained = self.people.all_are_over(NEXT_END).await;
        self.server.stop().await;
        let mut counted = count::all(&self.people, &self.disk).await;
        if !is_drained {
            counted.problems.push("not everything came to its end".to_owned());
        }
        (self.people, self.disk, counted)
    }
}
