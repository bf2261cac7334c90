//! What the handlers share.

use std::sync::Arc;

use crate::ports::forge::local::LocalForge;
use crate::ports::forge::webhook::Webhook;
use crate::ports::render::Renderer;
use crate::ports::store::Store;
use crate::service::accept::Intake;
use crate::service::metrics::Metrics;

/// What handlers need. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Accepts deliveries.
    pub intake: Arc<Intake>,
    /// Runs and ledger, for pages and readiness.
    pub store: Arc<dyn Store>,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The sources that send deliveries.
    pub webhooks: Vec<Arc<dyn Webhook>>,
    /// Largest webhook body, bytes.
    pub max_body_bytes: usize,
    /// The local forge, where it stands in for GitHub: its pages are served too.
    pub local_forge: Option<LocalForge>,
    /// The ledger's public key as a note verifier line (`origin+hash+key`), for pages.
    pub ledger_key: String,
}
