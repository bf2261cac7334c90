//! Wiring: from settings to a running server, in this process. `writ serve`, `writ demo` and tests start it here.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::settings::Settings;

/// A server that runs.
pub struct Running {
    /// Where webhooks and pages are served.
    pub address: SocketAddr,
    /// Where metrics and health are served.
    pub operations: SocketAddr,
    /// The database file.
    pub database: PathBuf,
}

impl Running {
    /// Stops taking deliveries, lets work in progress come to an end, and returns when all is over.
    pub async fn stop(self) {}
}

/// Opens what the settings name, starts the workers and listens. Port 0 takes any free port.
///
/// # Errors
/// - a file, folder, address or key of the settings cannot be used
pub async fn start(settings: Settings) -> anyhow::Result<Running> {
    let _ = settings;
    anyhow::bail!("the server is not wired yet")
}
