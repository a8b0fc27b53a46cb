//! The runner's certificates and keys.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tls_engine::codes::SignatureScheme;
use tls_engine::crypto::{Origin, Random, SigningKey};
use tls_engine::pki::{certificates_from_pem, private_key_from_pem};
use tls_engine::pki_types::CertificateDer;
use tls_engine::{CertifiedKey, Error, Provider};

use crate::failure::Failure;
use crate::features;
use crate::flags::Credential;

/// Which of the credentials has signed, as `-expect-selected-credential` counts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selected(Arc<AtomicI32>);

impl Selected {
    pub(crate) fn get(&self) -> i32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Loads what the server shows: the credentials that were added, in order, and the default one behind them.
pub(crate) fn load(
    provider: &'static Provider,
    credentials: &[Credential],
    selected: &Selected,
) -> Result<Vec<CertifiedKey>, Failure> {
    let added = (0..).zip(credentials.iter().filter(|credential| !credential.is_default));
    let default = credentials.iter().filter(|credential| credential.is_default).map(|credential| (-1, credential));
    added.chain(default).map(|(place, credential)| load_one(provider, credential, place, selected)).collect()
}

/// The certificates of a file.
pub(crate) fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    Ok(certificates_from_pem(&read(path)?)?)
}

fn load_one(
    provider: &'static Provider,
    credential: &Credential,
    place: i32,
    selected: &Selected,
) -> Result<CertifiedKey, Failure> {
    let chain = certificates(&credential.certificate_file)?;
    let key = private_key_from_pem(&read(&credential.key_file)?);
    // What the engine refuses here is a kind of key that it does not have.
    let loaded = key.and_then(|key| CertifiedKey::new(provider, chain, &key));
    let CertifiedKey { chain, key } = loaded.map_err(|_| Failure::unimplemented(features::KEYS))?;
    let mut schemes = credential.schemes.clone();
    schemes.retain(|scheme| key.schemes().contains(scheme));
    match (schemes.is_empty(), credential.schemes.is_empty()) {
        (true, true) => schemes = key.schemes().to_vec(),
        (true, false) => return Err(Failure::unimplemented(features::KEYS)),
        (false, _) => {}
    }
    Ok(CertifiedKey { chain, key: Arc::new(Key { key, schemes, place, selected: selected.clone() }) })
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Shim(format!("{path}: {error}")))
}

/// A key that signs with the schemes of `-signing-prefs`, and notes that it has.
struct Key {
    key: Arc<dyn SigningKey>,
    schemes: Vec<SignatureScheme>,
    place: i32,
    selected: Selected,
}

impl SigningKey for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn origin(&self) -> Origin {
        self.key.origin()
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        self.selected.0.store(self.place, Ordering::Relaxed);
        self.key.sign(scheme, message, random)
    }
}
