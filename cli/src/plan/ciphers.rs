use tls_engine::crypto::Provider;

use super::output;
use crate::args;
use crate::error::Error;
use crate::render::{Display, Output};
use crate::setting::find_provider;

/// What `ciphers` lists.
pub struct Ciphers {
    /// The providers.
    pub providers: Vec<&'static Provider>,
    /// Where the list goes.
    pub output: Output,
}

impl Ciphers {
    pub(super) fn new(args: &args::Ciphers, display: Display) -> Result<Self, Error> {
        let providers = match &args.provider {
            None => Provider::all().to_vec(),
            Some(name) => vec![find_provider(name)?],
        };
        Ok(Self { providers, output: output::output(&args.output, display)? })
    }
}
