//! The runner's certificates and keys.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tls_engine::codes::{CipherSuite, SignatureScheme};
use tls_engine::crypto::{Origin, Random, SigningKey};
use tls_engine::pki::{Stapled, certificates_from_pem, private_key_from_pem};
use tls_engine::pki_types::CertificateDer;
use tls_engine::{CertifiedKey, Error, ExternalPsk, Provider, PskHash};

use crate::failure::Failure;
use crate::features;
use crate::flags::{Credential, Flags};
use crate::provider;

/// How `-expect-selected-credential` calls the default one.
const DEFAULT: i32 = -1;

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
    flags: &Flags,
    selected: &Selected,
) -> Result<Vec<CertifiedKey>, Failure> {
    let (default, added): (Vec<_>, Vec<_>) = flags.credentials.iter().partition(|credential| credential.is_default);
    let places = (0..).zip(added).chain(default.into_iter().map(|credential| (DEFAULT, credential)));
    places
        .filter(|(_, credential)| credential.psk.is_none())
        .map(|(place, credential)| {
            let mut certified = load_one(provider, credential)?;
            let key = Arc::clone(&certified.key);
            let mut schemes = usable(&credential.schemes, key.as_ref())?;
            schemes.retain(|scheme| flags.policy.is_none_or(|policy| policy.schemes.contains(scheme)));
            certified.key = Arc::new(Key { key, schemes, place, selected: selected.clone() });
            Ok(certified)
        })
        .collect()
}

/// The PSKs that are added, imported for the hashes that there are numbers of (RFC 9258 10) and suites with, each with its place.
pub(crate) fn psks(flags: &Flags, suites: Option<&[CipherSuite]>) -> Result<Vec<(i32, ExternalPsk)>, Failure> {
    let provider = provider::whole()?;
    let mut imported = Vec::new();
    for (place, psk) in flags.psks() {
        let external = ExternalPsk::new(&psk.identity, &psk.key)?.with_hash(psk.hash);
        for hash in [PskHash::Sha256, PskHash::Sha384] {
            let is_for =
                |code: &CipherSuite| provider.suite(*code).is_some_and(|suite| PskHash::of(suite.hash) == Some(hash));
            if suites.is_none_or(|suites| suites.iter().any(is_for)) {
                imported.push((place, external.imported(provider, &psk.context, hash)?));
            }
        }
    }
    Ok(imported)
}

/// The certificates of a file.
pub(crate) fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    Ok(certificates_from_pem(&read(path)?)?)
}

fn load_one(provider: &'static Provider, credential: &Credential) -> Result<CertifiedKey, Failure> {
    let chain = certificates(&credential.certificate_file)?;
    let key = private_key_from_pem(&read(&credential.key_file)?);
    // What the engine refuses here is a kind of key that it does not have.
    let loaded = key.and_then(|key| CertifiedKey::new(provider, chain, &key));
    let loaded = loaded.map_err(|_| Failure::unimplemented(features::KEYS))?;
    let Credential { ocsp_response, timestamps, .. } = credential;
    let stapled = Stapled { ocsp_response: ocsp_response.clone(), timestamps: timestamps.clone() };
    // Some tests want it refused.
    loaded.with_stapled(stapled).map_err(|error| Failure::Connection(error.to_string()))
}

/// The schemes of `wanted` that the key can sign with, or all of the key's.
fn usable(wanted: &[SignatureScheme], key: &dyn SigningKey) -> Result<Vec<SignatureScheme>, Failure> {
    if wanted.is_empty() {
        return Ok(key.schemes().to_vec());
    }
    let usable: Vec<_> = wanted.iter().copied().filter(|scheme| key.schemes().contains(scheme)).collect();
    if usable.is_empty() { Err(Failure::unimplemented(features::KEYS)) } else { Ok(usable) }
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Shim(format!("{path}: {error}")))
}

/// A key that signs with some schemes only, and notes that it has.
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
