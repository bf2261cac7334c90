//! One connection among all of its listener, as those see it that serve it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use tokio::sync::Notify;

use super::connections::{Connections, Through};
use super::forwarded::{forwarded_client, peer_client};
use super::network::Network;

/// What the connections of a listener share.
pub(super) struct Shared {
    connections: Mutex<Connections>,
    trusted: Vec<Network>,
    /// Told when a connection is over, or can be closed for another.
    pub(super) room: Notify,
}

impl Shared {
    pub(super) fn new(connections: Connections, trusted: Vec<Network>) -> Self {
        Self { connections: Mutex::new(connections), trusted, room: Notify::new() }
    }

    pub(super) fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is being served. The request's extensions have it, so that its handler can say how far it is.
#[derive(Clone)]
pub(in crate::http) struct Visit {
    shared: Arc<Shared>,
    number: u64,
    through: Through,
}

/// Ends a visit when it is dropped, however the connection ends.
pub(super) struct Stay(Visit);

impl Visit {
    /// Takes a connection in.
    pub(super) fn begin(shared: &Arc<Shared>, peer: IpAddr) -> (Self, Stay) {
        let client = peer_client(peer, &shared.trusted);
        let through = if client.is_some() { Through::Nobody } else { Through::Proxy };
        let number = shared.connections().enter(client);
        let visit = Self { shared: Arc::clone(shared), number, through };
        (visit.clone(), Stay(visit))
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn heard(&self) {
        self.shared.connections().heard(self.number);
    }

    /// The head of a request is complete.
    pub(super) fn request(&self, headers: &HeaderMap) {
        let client = match self.through {
            Through::Nobody => None,
            Through::Proxy => forwarded_client(headers, &self.shared.trusted),
        };
        self.shared.connections().begin(self.number, client);
    }

    /// A request is answered.
    pub(super) fn answered(&self) {
        self.shared.connections().answer(self.number, self.through);
        self.shared.room.notify_one();
    }

    /// Bytes of a body have come that is not authenticated yet. `false` where too many have come, from all senders, and
    /// this one has to go.
    pub(in crate::http) fn buffer(&self, bytes: usize) -> bool {
        self.shared.connections().buffer(self.number, bytes)
    }

    /// The request is authenticated; from now on its connection is not closed for another. `false` where it was already.
    pub(in crate::http) fn prove(&self) -> bool {
        self.shared.connections().prove(self.number)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.0.shared.connections().leave(self.0.number);
        self.0.shared.room.notify_one();
    }
}
