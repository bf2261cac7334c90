//! A forge for people without GitHub: bare repositories on disk, and one SQLite file for everything around them.
//!
//! Serves `writ demo` and tests. It behaves as GitHub does where the bot can tell: issues and pull requests share their
//! numbers, a pull request needs both branches and a difference, its head follows the branch and is kept as
//! `refs/pull/N/head`, deleted comments are gone. `bot.rs` has the [`Forge`](super::Forge) calls; `people.rs`,
//! `proposals.rs` and `reviews.rs` what people do; `conversations.rs` what pages show.

mod bot;
mod branches;
mod checks;
mod conversations;
mod database;
mod inserts;
mod people;
mod proposals;
mod reviews;
mod rows;

pub use database::{BOT_LOGIN, LocalForge};
pub use proposals::Fork;
