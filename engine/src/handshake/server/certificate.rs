//! Which certificate a server uses.

use std::sync::Arc;

use compact_str::CompactString;
use rustls_pki_types::ServerName;

use crate::codes::{ExtensionType, SignatureScheme};
use crate::error::Error;
use crate::handshake::ServerConfig;
use crate::handshake::authentication::CertificateChoice;
use crate::handshake::negotiate::psk_mode;
use crate::msgs::ClientHello;
use crate::pki::CertifiedKey;

/// Chooses the certificate of a server for each client, in place of the certificates of the configuration.
///
/// Where it takes long, let handshakes pause for it: [`JobKind::ChooseCertificate`](crate::handshake::JobKind::ChooseCertificate).
pub trait ChooseCertificate: Send + Sync {
    /// The certificate for a client that offers this, with its key. The handshake is signed with the first scheme of the key that
    /// the client offers.
    ///
    /// # Errors
    /// An error fails the handshake, with its alert: such as [`Error::NothingInCommon`] where there is no certificate for this
    /// client, which is a handshake_failure.
    fn choose_certificate(&self, offer: &ClientOffer<'_>) -> Result<Arc<CertifiedKey>, Error>;
}

/// What the ClientHello offers, as far as it may matter for the certificate.
pub struct ClientOffer<'a> {
    hello: &'a ClientHello<'a>,
    server_name: Option<&'a str>,
}

impl<'a> ClientOffer<'a> {
    /// The host name that the client asks for (RFC 6066 3): in lower case, and without a dot at its end.
    pub const fn server_name(&self) -> Option<&'a str> {
        self.server_name
    }

    /// The signature schemes, in the order of the client (RFC 8446 4.2.3).
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> {
        self.hello.signature_algorithms.into_iter().flat_map(|list| list.iter()).map(SignatureScheme)
    }

    /// The application protocols, in the order of the client (RFC 7301 3.1).
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> {
        self.hello.alpn.into_iter().flat_map(|names| names.iter())
    }
}

/// Chooses the certificate for the client of `hello`, which asks for the host [`server_name`].
///
/// Of several, it is one that is for this name (RFC 8446 4.4.2.2), and if there is none, any: RFC 6066 3 lets a server continue that does
/// not know the name.
pub(in crate::handshake) fn choose_certificate(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    server_name: Option<&str>,
) -> Result<CertificateChoice, Error> {
    if config.is_psk_required() {
        let is_offered = psk_mode(config.psk_ke, hello).is_some();
        return Err(if is_offered { Error::UnknownPsk } else { Error::NothingInCommon("use of a pre-shared key") });
    }
    // RFC 8446 4.2.3: a client may leave it out beside a PSK, which was not accepted.
    let schemes = hello.signature_algorithms.ok_or(Error::MissingExtension(ExtensionType::SIGNATURE_ALGORITHMS))?;
    let (wanted, common) = (&hello.wanted, &config.common);
    let choice = match (&config.chooser, named(config, server_name)) {
        (Some(chooser), _) => {
            let chosen = chooser.choose_certificate(&ClientOffer { hello, server_name })?;
            CertificateChoice::first_of([&chosen], schemes, wanted, common)
        }
        (None, Some(places)) => {
            let named = places.iter().filter_map(|place| config.certificates.get(*place));
            CertificateChoice::best_of(named, schemes, wanted, common)
        }
        (None, None) => CertificateChoice::best_of(&config.certificates, schemes, wanted, common),
    };
    choice.ok_or(Error::NothingInCommon("signature scheme"))
}

/// The places of the certificates for a host, where there are several and some are for it.
fn named<'a>(config: &'a ServerConfig, server_name: Option<&str>) -> Option<&'a [usize]> {
    config.names.as_ref()?.matching(server_name?)
}

/// The host name of server_name, in lower case and without a dot at its end, which it should not have (RFC 6066 3).
///
/// Anything but a host name is ignored: an IP address, which is common though not allowed, and names that are not valid in DNS.
/// RFC 6066 3 lets a server that does not know a name continue. The client sees that the extension is not acknowledged, and verifies
/// the certificate.
pub(in crate::handshake) fn server_name(hello: &ClientHello<'_>) -> Option<CompactString> {
    let name = core::str::from_utf8(hello.server_name?).ok()?;
    let Ok(ServerName::DnsName(_)) = ServerName::try_from(name) else { return None };
    let mut name = CompactString::new(name.strip_suffix('.').unwrap_or(name));
    name.make_ascii_lowercase();
    Some(name)
}
