//! What child processes have of this process's environment: little, since it holds the server's secrets (`WRIT_*`).

use crate::ports::git::Environment;

/// What git and its helpers may know: where programs are, how the network is reached, whom to trust.
const INHERITED: [&str; 20] = [
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "GIT_EXEC_PATH",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LD_LIBRARY_PATH",
    "NIX_SSL_CERT_FILE",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The environment for git.
#[must_use]
pub fn git_environment() -> Environment {
    INHERITED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect()
}
