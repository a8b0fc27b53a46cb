//! The cryptography of the shim.

use tls_engine::crypto::Provider;

use crate::failure::Failure;

/// AWS-LC gathers entropy for 50 ms whenever a process begins, and each test is a process.
const NAME: &str = "rustcrypto";

/// The provider with all that it can.
pub(crate) fn whole() -> Result<&'static Provider, Failure> {
    Provider::by_name(NAME).ok_or_else(|| Failure::Shim(format!("no provider is called {NAME}")))
}
