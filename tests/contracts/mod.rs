//! One suite for each port, run on each of its adapters.

mod github;
mod store;
mod store_sqlite;
