//! Who the ends are: from files, or generated.

use std::path::PathBuf;
use std::sync::Arc;

use crate::args;
use crate::error::Error;
use crate::identity::{Authority, Generator, Identity, KeyType};

/// The server's identity: from files, or generated together with its authority.
pub(super) fn of_server(
    args: &args::Identity,
    key_type: KeyType,
    notes: &mut Vec<String>,
) -> Result<(Identity, Option<Authority>), Error> {
    match (&args.cert, &args.key) {
        (Some(chain), Some(key)) => Ok((Identity::from_files(chain, key, notes)?, None)),
        _ => Generator::new(key_type).generate().map(|(identity, authority)| (identity, Some(authority))),
    }
}

/// The identities of a server that may have several: from files, or one that is generated together with its authority.
pub(super) fn of_serve(
    args: &args::Identities,
    notes: &mut Vec<String>,
) -> Result<(Vec<Identity>, Option<Authority>), Error> {
    let args::Identities { cert, key } = args;
    if cert.len() != key.len() {
        let (certificates, keys) = (cert.len(), key.len());
        return Err(Error::Usage(format!(
            "a --key for each --cert is needed: there are {certificates} of --cert, and {keys} of --key"
        )));
    }
    if cert.is_empty() {
        let (identity, authority) = Generator::new(KeyType::EcdsaP256).generate()?;
        return Ok((vec![identity], Some(authority)));
    }
    let identities = cert.iter().zip(key).map(|(chain, key)| Identity::from_files(chain, key, notes));
    Ok((identities.collect::<Result<_, _>>()?, None))
}

/// The certificate that a client shows, from the files of `--cert` and `--key`.
pub(super) fn of_client(
    (chain, key): (&Option<PathBuf>, &Option<PathBuf>),
    notes: &mut Vec<String>,
) -> Result<Option<Arc<Identity>>, Error> {
    let files = chain.as_ref().zip(key.as_ref());
    files.map(|(chain, key)| Identity::of_client(chain, key, notes).map(Arc::new)).transpose()
}
