//! What goes wrong outside, and what the bot makes of it.

mod github;
mod kill;
mod worker;
