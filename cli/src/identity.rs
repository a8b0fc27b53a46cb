//! Certificates made on the spot: an authority that nobody trusts yet, and a leaf for this machine.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;

/// The names that a throw-away leaf is valid for.
pub const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A leaf with its key, and the authority that issued it.
pub struct Identity {
    /// The leaf; the authority's own certificate is not sent.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
    /// The authority's certificate, to be trusted by clients.
    pub authority: CertificateDer<'static>,
    /// The same as PEM.
    pub authority_pem: String,
}

impl Identity {
    /// A new authority, and a leaf for [`NAMES`]. All keys are ECDSA P-256.
    pub fn throw_away() -> Result<Self, Error> {
        make().map_err(|error| Error::Failed(format!("can't make a throw-away certificate: {error}")))
    }
}

fn make() -> Result<Identity, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "tlsbench throw-away authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.distinguished_name.push(DnType::CommonName, "tlsbench throw-away server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let leaf = params.signed_by(&key, &authority)?;
    Ok(Identity {
        chain: vec![leaf.der().clone()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        authority: authority.der().clone(),
        authority_pem: authority.pem(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls_pki_types::{ServerName, UnixTime};
    use tls_engine::crypto::provider;
    use tls_engine::pki::{CertifiedKey, ServerVerifier};

    #[test]
    fn a_client_that_trusts_the_authority_takes_the_leaf_for_every_name() {
        let provider = provider::by_name("auto").expect("a provider");
        let identity = Identity::throw_away().expect("an identity");
        CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("key and leaf belong together");
        let verifier = ServerVerifier::new(provider, &[identity.authority]).expect("a verifier");
        for name in NAMES {
            let name = ServerName::try_from(name).expect("a name");
            assert_eq!(verifier.verify_chain(&identity.chain, &name, UnixTime::now()), Ok(()));
        }
        let stranger = ServerName::try_from("example.com").expect("a name");
        assert!(verifier.verify_chain(&identity.chain, &stranger, UnixTime::now()).is_err());
    }
}
