//! Whole stories: what people do, and what the bot does then.

mod audit;
mod webhook_examples;
