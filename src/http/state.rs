//! What the handlers share.

use std::sync::Arc;

use crate::ports::forge::conversation::Conversations;
use crate::ports::forge::webhook::Webhook;
use crate::ports::render::Renderer;
use crate::ports::store::Store;
use crate::service::accept::Intake;
use crate::service::health::Health;
use crate::service::metrics::Metrics;

/// What handlers need. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Accepts deliveries.
    pub intake: Arc<Intake>,
    /// Runs and ledger, for pages.
    pub store: Arc<dyn Store>,
    /// Whether deliveries can be stored.
    pub health: Arc<Health>,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The sources that send deliveries.
    pub webhooks: Vec<Arc<dyn Webhook>>,
    /// Largest webhook body, bytes.
    pub max_body_bytes: usize,
    /// Issues and pull requests of a forge that has no pages of its own: they are served here.
    pub conversations: Option<Arc<dyn Conversations>>,
    /// The ledger's public key as a note verifier line (`origin+hash+key`), for pages.
    pub ledger_key: String,
}
