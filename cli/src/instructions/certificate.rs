//! A certificate that is identical in every run. A handshake parses it, so a difference of one byte in length would
//! change the counts.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;

/// The name in the certificate.
pub(super) const NAME: &str = "localhost";

/// A chain of one certificate, its key, and its issuer.
pub(super) struct Fixed {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) root: CertificateDer<'static>,
}

/// Uses Ed25519, because its signatures are deterministic and have a fixed length.
pub(super) fn fixed() -> Result<Fixed, Error> {
    make().map_err(|error| Error::Failed(format!("generating a certificate failed: {error}")))
}

fn make() -> Result<Fixed, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "tlsbench fixed authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    limit_validity(&mut params);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::try_from(&private_key(1))?)?;

    let key = private_key(2);
    let mut params = CertificateParams::new([NAME.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    limit_validity(&mut params);
    let leaf = params.signed_by(&KeyPair::try_from(&key)?, &authority)?;
    Ok(Fixed { chain: vec![leaf.der().clone()], key: key.into(), root: authority.der().clone() })
}

/// The private key whose seed repeats this byte 32 times, as PKCS #8 (RFC 8410 7). It is not a secret.
fn private_key(seed: u8) -> PrivatePkcs8KeyDer<'static> {
    const HEAD: [u8; 16] = [0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32];
    [&HEAD[..], &[seed; 32]].concat().into()
}

fn limit_validity(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_the_same_byte_for_byte() {
        let (one, other) = (fixed().expect("a certificate"), fixed().expect("a certificate"));
        assert_eq!((one.chain, one.root), (other.chain, other.root));
        assert_eq!(one.key, other.key);
    }
}
