use rustls_pki_types::CertificateDer;
use tls_engine::pki::{ClientVerifier, ServerVerifier};

use crate::args::{self, ClientAuth};
use crate::error::Error;
use crate::identity;

/// Which servers a client trusts.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those with certificates from these authorities.
    Roots(Vec<CertificateDer<'static>>),
    /// Any.
    Anyone,
}

impl Trust {
    /// As the flags say; by default the authorities of this system.
    pub(super) fn new(args: &args::Trust, notes: &mut Vec<String>) -> Result<Self, Error> {
        Ok(match &args.cacert {
            _ if args.insecure => Self::Anyone,
            Some(path) => Self::Roots(identity::certificates(path, notes)?),
            None => Self::Roots(identity::system_store(notes)?),
        })
    }

    /// The authorities; none where anyone is trusted.
    pub fn roots(&self) -> &[CertificateDer<'static>] {
        match self {
            Self::Roots(roots) => roots,
            Self::Anyone => &[],
        }
    }

    /// The verifier of a client with this trust.
    pub fn verifier(&self) -> Result<ServerVerifier, Error> {
        match self {
            Self::Anyone => Ok(ServerVerifier::insecure()),
            Self::Roots(roots) => ServerVerifier::new(roots).map_err(|error| Error::Usage(error.to_string())),
        }
    }
}

/// What verifies the clients that a server asks for a certificate.
pub(super) fn client_verifier(
    args: &args::ClientTrust,
    notes: &mut Vec<String>,
) -> Result<Option<ClientVerifier>, Error> {
    let Some(path) = &args.client_ca else { return Ok(None) };
    let lists = args.client_crl.as_deref().map(identity::revocation_lists).transpose()?;
    let verifier = ClientVerifier::new(&identity::certificates(path, notes)?)
        .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    let verifier = match (&args.client_crl, lists) {
        (Some(path), Some(lists)) => verifier
            .with_revocation_lists(&lists)
            .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?,
        _ => verifier,
    };
    Ok(Some(match args.client_auth.unwrap_or_default() {
        ClientAuth::Required => verifier,
        ClientAuth::Optional => verifier.optional(),
    }))
}
