//! One suite for each port and each public format, run on each of its adapters.

mod children;
mod forge;
mod forge_local;
mod forge_stages;
mod git_deletion;
mod git_history;
mod git_objects;
mod git_remote;
mod github;
mod ledger_proof;
mod ledger_tree;
mod store;
mod store_priority;
mod store_sqlite;
mod store_versions;
