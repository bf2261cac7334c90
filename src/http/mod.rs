//! Floor 3: webhooks, API, pages, metrics and health over HTTP.
