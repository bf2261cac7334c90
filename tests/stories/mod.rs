//! Whole stories: what people do, and what the bot does then.

mod webhook_examples;
