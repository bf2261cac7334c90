//! Functions of OPA's that regorus does not bring.

use regorus::{Engine, Value};

use crate::domain::digest::sha256_hex;

/// Adds them to an engine that has none of them yet.
///
/// # Errors
/// The engine has one of them.
pub(super) fn add(engine: &mut Engine) -> Result<(), String> {
    let sha256 = |arguments: Vec<Value>| {
        let text = arguments.first().map_or(Ok(""), |text| text.as_string().map(|text| &**text))?;
        Ok(Value::from(sha256_hex(text.as_bytes())))
    };
    engine.add_extension("crypto.sha256".to_owned(), 1, Box::new(sha256)).map_err(|error| error.to_string())
}
