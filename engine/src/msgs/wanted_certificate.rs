use crate::wire::{Numbers, Vectors};

/// What an end says about the certificate that it wants to see, besides what signs the handshake: in a ClientHello or a CertificateRequest.
#[derive(Clone, Copy, Default)]
pub struct WantedCertificate<'a> {
    /// `signature_algorithms_cert` (RFC 8446 4.2.3): what certificates are signed with. Where it is not there, `signature_algorithms`
    /// hold for them too.
    pub certificate_schemes: Option<Numbers<'a>>,
    /// `certificate_authorities`: names in DER (RFC 8446 4.2.4).
    pub authorities: Option<Vectors<'a>>,
    /// `compress_certificate` (RFC 8879 3).
    pub compression: Option<Numbers<'a>>,
}
