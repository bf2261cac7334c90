//! The open connections of a listener, and which of them is closed when there are too many, or one takes too long.
//!
//! **Invariants**: a newcomer is never refused in favour of an old connection that has nothing to show; a connection
//! whose delivery is authenticated is never closed for another. The oldest is closed first: whoever sends in time is
//! done long before that, whoever dawdles makes room.
//!
//! Time is counted in ticks, of which the owner says how long they are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tokio::task::AbortHandle;

/// How much is kept open, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub total: usize,
    /// Connections at the same time for one client, see [`subscriber`](super::network::subscriber).
    pub by_client: usize,
    /// Bytes of bodies that are not authenticated yet, all connections together.
    pub unproven_bytes: usize,
    /// Ticks that the head of a request may take.
    pub head: u64,
    /// Ticks between two requests.
    pub idle: u64,
    /// Ticks for the body and the answer.
    pub request: u64,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// A request has begun, and its head is not complete; or nothing has come since the connection was opened.
    Head,
    /// The last request was answered.
    Idle,
    /// The head is complete: the body is awaited, or the answer is made.
    Request,
    /// What was sent is authenticated: never closed for another.
    Proven,
}

/// Why connections were closed, by how often.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    /// Took too long.
    pub(super) overdue: u64,
    /// Made room for another.
    pub(super) crowded: u64,
}

struct Open {
    phase: Phase,
    /// When the phase began: tick, and order among all.
    since: (u64, u64),
    client: Option<IpAddr>,
    bytes: usize,
    task: Option<AbortHandle>,
}

/// All connections of one listener.
pub(super) struct Connections {
    limits: Limits,
    open: BTreeMap<u64, Open>,
    now: u64,
    counted: u64,
    bytes: usize,
    closed: Closed,
}

impl Connections {
    /// No connections, under limits.
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, open: BTreeMap::new(), now: 0, counted: 0, bytes: 0, closed: Closed::default() }
    }

    /// Whether one more has room, or can get it.
    pub(super) fn has_room(&self) -> bool {
        self.open.len() < self.limits.total || self.open.values().any(|open| open.phase < Phase::Proven)
    }

    /// Takes a connection in; others make room for it. `client` is `None` for a trusted proxy. Gives its number.
    pub(super) fn enter(&mut self, client: Option<IpAddr>) -> u64 {
        if self.open.len() >= self.limits.total {
            self.close_oldest(|_| true);
        }
        let number = self.next();
        let since = (self.now, number);
        self.open.insert(number, Open { phase: Phase::Head, since, client, bytes: 0, task: None });
        self.make_room_for_client(client);
        number
    }

    /// Names the task that serves a connection.
    pub(super) fn serve(&mut self, number: u64, task: AbortHandle) {
        match self.open.get_mut(&number) {
            Some(open) => open.task = Some(task),
            // It was closed before its task was known.
            None => task.abort(),
        }
    }

    /// A connection is over.
    pub(super) fn leave(&mut self, number: u64) {
        if let Some(open) = self.open.remove(&number) {
            self.bytes -= open.bytes;
        }
    }

    /// Bytes have come: the head of the next request, where none is being answered.
    pub(super) fn heard(&mut self, number: u64) {
        if self.open.get(&number).is_some_and(|open| open.phase == Phase::Idle) {
            self.set(number, Phase::Head);
        }
    }

    /// The head of a request is complete; `client` is who sent it, where a trusted proxy has said so.
    pub(super) fn begin(&mut self, number: u64, client: Option<IpAddr>) {
        self.set(number, Phase::Request);
        if let Some(open) = self.open.get_mut(&number)
            && client.is_some()
        {
            open.client = client;
            self.make_room_for_client(client);
        }
    }

    /// Bytes of a body have come that is not authenticated. `false` where the connection is closed.
    pub(super) fn buffer(&mut self, number: u64, bytes: usize) -> bool {
        let Some(open) = self.open.get_mut(&number) else { return false };
        open.bytes += bytes;
        self.bytes += bytes;
        while self.bytes > self.limits.unproven_bytes && self.close_oldest(|open| open.bytes > 0) {}
        self.open.contains_key(&number)
    }

    /// What a connection sent is authenticated. `false` where the connection is closed already.
    pub(super) fn prove(&mut self, number: u64) -> bool {
        self.set(number, Phase::Proven)
    }

    /// A request is answered. The next one on a proxy's connection may be somebody else's.
    pub(super) fn answer(&mut self, number: u64, through: Through) {
        self.set(number, Phase::Idle);
        if let (Some(open), Through::Proxy) = (self.open.get_mut(&number), through) {
            open.client = None;
        }
    }

    /// One more tick has passed: closes what took too long.
    pub(super) fn tick(&mut self) {
        self.now += 1;
        let Limits { head, idle, request, .. } = self.limits;
        let now = self.now;
        let overdue = |open: &Open| {
            let most = match open.phase {
                Phase::Head => head,
                Phase::Idle => idle,
                Phase::Request | Phase::Proven => request,
            };
            now - open.since.0 > most
        };
        let late: Vec<u64> =
            self.open.iter().filter(|(_, open)| overdue(open)).map(|(number, _)| *number).collect();
        self.closed.overdue += late.len() as u64; // OK because there are at most as many as descriptors.
        late.into_iter().for_each(|number| self.close(number));
    }

    /// Closes the oldest connection that is not authenticated; `false` where there is none.
    pub(super) fn make_room(&mut self) -> bool {
        self.close_oldest(|_| true)
    }

    /// Closes all that are between requests or have not sent a whole head: for the end.
    pub(super) fn close_waiting(&mut self) {
        let waiting: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, open)| open.phase < Phase::Request)
            .map(|(number, _)| *number)
            .collect();
        waiting.into_iter().for_each(|number| self.close(number));
    }

    /// How many are open, how many were closed, and why.
    pub(super) fn counts(&self) -> (usize, Closed) {
        (self.open.len(), self.closed)
    }

    fn make_room_for_client(&mut self, client: Option<IpAddr>) {
        if client.is_none() {
            return;
        }
        let of_client = |open: &Open| open.client == client;
        if self.open.values().filter(|open| of_client(open)).count() > self.limits.by_client {
            self.close_oldest(of_client);
        }
    }

    fn close_oldest(&mut self, which: impl Fn(&Open) -> bool) -> bool {
        let candidates = self.open.iter().filter(|(_, open)| open.phase < Phase::Proven && which(open));
        // Whatever their phase: if half-sent bodies were spared, they would push out heads that are just arriving.
        let oldest = candidates.min_by_key(|(_, open)| open.since).map(|(number, _)| *number);
        if let Some(number) = oldest {
            self.closed.crowded += 1;
            self.close(number);
        }
        oldest.is_some()
    }

    fn close(&mut self, number: u64) {
        if let Some(open) = self.open.remove(&number) {
            self.bytes -= open.bytes;
            if let Some(task) = open.task {
                task.abort();
            }
        }
    }

    fn set(&mut self, number: u64, phase: Phase) -> bool {
        let order = self.next();
        let Some(open) = self.open.get_mut(&number) else { return false };
        open.phase = phase;
        open.since = (self.now, order);
        if phase != Phase::Request {
            self.bytes -= std::mem::take(&mut open.bytes);
        }
        true
    }

    fn next(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }
}

/// How a client reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// The connection is its own.
    Nobody,
    /// The connection is a trusted proxy's, which sends requests of many.
    Proxy,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { total: 4, by_client: 2, unproven_bytes: 100, head: 10, idle: 75, request: 30 }
    }

    fn client(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn numbers(connections: &Connections) -> Vec<u64> {
        connections.open.keys().copied().collect()
    }

    #[test]
    fn a_newcomer_gets_in_among_two_thousand_that_wait() {
        let mut connections = Connections::new(limits());
        let mut newest = 0;
        for number in 0..2_000_u16 {
            newest = connections.enter(client(number.to_be_bytes()[1]));
            assert!(connections.open.len() <= 4, "bounded");
        }
        assert!(connections.has_room());
        connections.begin(newest, None);
        assert!(connections.prove(newest), "the newest is there");
        for number in 0..100 {
            connections.enter(client(number));
        }
        assert!(numbers(&connections).contains(&newest), "what is authenticated stays");
        assert_eq!(connections.closed.crowded, 2_000 + 100 - 4);
    }

    #[test]
    fn who_has_not_gone_on_for_longest_is_closed_first() {
        let mut connections = Connections::new(limits());
        let [body, idle, silent, proven] = [1, 2, 3, 4].map(|last| connections.enter(client(last)));
        connections.prove(proven);
        connections.begin(body, None);
        connections.answer(idle, Through::Nobody);
        let mut gone = Vec::new();
        for last in 5..8 {
            let newcomer = connections.enter(client(last));
            connections.prove(newcomer);
            gone.push([body, idle, silent].map(|number| numbers(&connections).contains(&number)));
        }
        assert_eq!(gone, [[true, true, false], [false, true, false], [false, false, false]]);
        assert!(!connections.has_room(), "all are authenticated: the next one waits in the backlog");
        assert!(!connections.make_room());
    }

    #[test]
    fn a_client_makes_room_for_itself_and_a_proxy_is_nobody() {
        let mut connections = Connections::new(Limits { total: 100, ..limits() });
        let other = connections.enter(client(2));
        let own: Vec<u64> = (0..5).map(|_| connections.enter(client(1))).collect();
        assert_eq!(numbers(&connections), [&[other], &own[3..]].concat());
        let proxied: Vec<u64> = (0..5).map(|_| connections.enter(None)).collect();
        assert_eq!(connections.open.len(), 3 + 5);
        // Three requests of one client by way of the proxy: the first makes room.
        proxied[..3].iter().for_each(|number| connections.begin(*number, client(3)));
        assert!(!numbers(&connections).contains(&proxied[0]));
        // Once answered, the connection is nobody's again.
        connections.answer(proxied[1], Through::Proxy);
        connections.begin(proxied[3], client(3));
        assert_eq!(connections.open.len(), 7);
    }

    #[test]
    fn each_phase_has_its_time() {
        let mut connections = Connections::new(limits());
        let [head, idle, body] = [1, 2, 3].map(|last| connections.enter(client(last)));
        connections.answer(idle, Through::Nobody);
        connections.begin(body, None);
        let mut lived = BTreeMap::new();
        for tick in 1..=100 {
            connections.tick();
            for number in numbers(&connections) {
                lived.insert(number, tick);
            }
        }
        assert_eq!(lived, BTreeMap::from([(head, 10), (idle, 75), (body, 30)]));
        assert_eq!(connections.closed.overdue, 3);
        let kept = connections.enter(client(1));
        connections.answer(kept, Through::Nobody);
        (0..75).for_each(|_| connections.tick());
        connections.heard(kept);
        (0..10).for_each(|_| connections.tick());
        assert_eq!(connections.open.len(), 1, "bytes begin a head, which has its own time");
        connections.heard(kept);
        connections.tick();
        assert_eq!(connections.open.len(), 0, "more bytes do not prolong it");
    }

    #[test]
    fn half_sent_bodies_share_a_budget() {
        let mut connections = Connections::new(limits());
        let [first, second, third] = [1, 2, 3].map(|last| connections.enter(client(last)));
        for number in [first, second, third] {
            connections.begin(number, None);
        }
        assert!(connections.buffer(first, 60) && connections.buffer(second, 40));
        assert!(connections.buffer(third, 50), "the oldest makes room");
        assert!(!connections.buffer(first, 1), "and is told that it is closed");
        assert!(connections.prove(second), "what is authenticated is not counted");
        assert!(connections.buffer(third, 50));
        assert!(!connections.buffer(third, 1), "one alone is bounded, too");
        assert_eq!((connections.bytes, numbers(&connections)), (0, vec![second]));
    }
}
