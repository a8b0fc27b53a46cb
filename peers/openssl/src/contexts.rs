use std::net::IpAddr;

use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tlsbench::error::Error;
use tlsbench::library::{HandshakeKind, Room, Setup};

use crate::endpoint::{Role, SslConnection, SslEndpoint};
use crate::errors::{failed, lacks};
use crate::name::NAME;
use crate::native;
use crate::native::nid::Nid;
use crate::native::pkey::PKey;
use crate::native::ssl::{
    AlpnError, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode,
    SslVersion,
};
use crate::native::x509::X509;
use crate::native::x509::store::X509StoreBuilder;
use crate::native::x509::verify::X509CheckFlags;
use crate::sessions::Sessions;

/// The names of suites before TLS 1.3 (RFC 5289 3.2, RFC 7905 2).
const TLS12_SUITES: [(u16, &str); 6] = [
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"),
    (0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
];

/// The names of groups (RFC 8446 4.2.7, draft-ietf-tls-ecdhe-mlkem).
const GROUPS: [(NamedGroup, &str); 8] = [
    (NamedGroup::SECP256R1, "P-256"),
    (NamedGroup::SECP384R1, "P-384"),
    (NamedGroup::SECP521R1, "P-521"),
    (NamedGroup::X25519, "X25519"),
    (NamedGroup(0x001e), "X448"),
    (NamedGroup::SECP256R1_MLKEM768, "SecP256r1MLKEM768"),
    (NamedGroup::X25519_MLKEM768, "X25519MLKEM768"),
    (NamedGroup::SECP384R1_MLKEM1024, "SecP384r1MLKEM1024"),
];

/// What both ends make connections from.
pub(crate) struct Contexts {
    client: SslContext,
    /// The client's, if it resumes them.
    sessions: Option<Sessions>,
    server: SslContext,
    /// The name that the client asks for and verifies.
    name: String,
    record_overhead: usize,
}

impl Contexts {
    pub(crate) fn new(setup: &Setup) -> Result<Self, Error> {
        let mut client = client_context(setup)?;
        Ok(Self {
            sessions: (setup.kind == HandshakeKind::Resumed).then(|| Sessions::new(&mut client, setup.version)),
            client: client.build(),
            server: server_context(setup)?,
            name: setup.name.to_str().into_owned(),
            record_overhead: setup.record_overhead(),
        })
    }

    pub(crate) fn client(&self, room: Room) -> Result<SslEndpoint, Error> {
        let mut ssl = Ssl::new(&self.client).map_err(failed)?;
        let verification = ssl.param_mut();
        verification.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        match self.name.parse::<IpAddr>() {
            Ok(address) => verification.set_ip(address).map_err(failed)?,
            Err(_) => {
                verification.set_host(&self.name).map_err(failed)?;
                ssl.set_hostname(&self.name).map_err(failed)?;
            }
        }
        self.sessions.as_ref().map_or(Ok(()), |sessions| sessions.resume(&mut ssl))?;
        native::shed_configuration(&mut ssl);
        SslEndpoint::client(SslConnection::new(ssl, Role::Client, self.sessions.is_some(), room)?, self.record_overhead)
    }

    pub(crate) fn server(&self, room: Room) -> Result<SslEndpoint, Error> {
        let mut ssl = Ssl::new(&self.server).map_err(failed)?;
        native::shed_configuration(&mut ssl);
        Ok(SslEndpoint::server(
            SslConnection::new(ssl, Role::Server, self.sessions.is_some(), room)?,
            self.record_overhead,
        ))
    }
}

fn client_context(setup: &Setup) -> Result<SslContextBuilder, Error> {
    if setup.roots.is_empty() {
        return Err(Error::Usage(format!("{NAME} needs an authority that the client trusts")));
    }
    let mut roots = X509StoreBuilder::new().map_err(failed)?;
    for root in &setup.roots {
        roots.add_cert(X509::from_der(root).map_err(failed)?).map_err(failed)?;
    }
    let mut context = context(setup, &setup.client_groups())?;
    context.set_cert_store(roots.build());
    context.set_verify(SslVerifyMode::PEER);
    context.set_alpn_protos(&encode(&setup.alpn)?).map_err(failed)?;
    Ok(context)
}

fn server_context(setup: &Setup) -> Result<SslContext, Error> {
    let mut context = context(setup, setup.server_groups())?;
    let mut chain = setup.chain.iter().map(|certificate| X509::from_der(certificate).map_err(failed));
    let leaf = chain.next().ok_or_else(|| Error::Usage(format!("{NAME} needs a certificate")))??;
    context.set_certificate(&leaf).map_err(failed)?;
    for certificate in chain {
        context.add_extra_chain_cert(certificate?).map_err(failed)?;
    }
    let key = PKey::private_key_from_der(setup.key.secret_der()).map_err(failed)?;
    context.set_private_key(&key).map_err(failed)?;
    context.check_private_key().map_err(failed)?;
    if !setup.alpn.is_empty() {
        let protocols = setup.alpn.clone();
        context.set_alpn_select_callback(move |_, offered| {
            let shared = protocols.iter().find_map(|protocol| find(protocol, offered));
            // A server that shares no protocol with the client refuses it (RFC 7301 3.2).
            shared.ok_or(AlpnError::ALERT_FATAL)
        });
    }
    Ok(context.build())
}

/// What both ends have in common, but for the groups.
fn context(setup: &Setup, groups: &[NamedGroup]) -> Result<SslContextBuilder, Error> {
    let mut context = SslContext::builder(SslMethod::tls()).map_err(failed)?;
    let version = match setup.version {
        ProtocolVersion::TLS13 => SslVersion::TLS1_3,
        ProtocolVersion::TLS12 => SslVersion::TLS1_2,
        other => return Err(lacks(&other.to_string())),
    };
    context.set_min_proto_version(Some(version)).map_err(failed)?;
    context.set_max_proto_version(Some(version)).map_err(failed)?;
    if setup.version == ProtocolVersion::TLS13 {
        native::choose_tls13_suite(&mut context, setup.suite)?;
    } else {
        choose_tls12_suite(&mut context, setup.suite)?;
    }
    choose_groups(&mut context, setup, groups)?;
    let tickets = usize::from(setup.kind == HandshakeKind::Resumed);
    if tickets == 0 {
        context.set_options(SslOptions::NO_TICKET);
    }
    native::set_num_tickets(&mut context, tickets)?;
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    Ok(context)
}

fn choose_tls12_suite(context: &mut SslContextBuilder, suite: CipherSuite) -> Result<(), Error> {
    let known = TLS12_SUITES.iter().find(|(code, _)| *code == suite.0);
    let (_, name) = known.ok_or_else(|| lacks(&suite.to_string()))?;
    context.set_cipher_list(name).map_err(|_| lacks(name))
}

fn choose_groups(context: &mut SslContextBuilder, setup: &Setup, groups: &[NamedGroup]) -> Result<(), Error> {
    let mut names = Vec::new();
    for group in groups {
        let known = GROUPS.iter().find(|(code, _)| code == group);
        let (_, name) = known.ok_or_else(|| lacks(&group.to_string()))?;
        // One by one, to say which of them is not supported.
        native::set_groups_list(context, name).map_err(|_| lacks(name))?;
        names.push(*name);
    }
    if setup.version == ProtocolVersion::TLS12 {
        // There the groups are the curves of certificates, too (RFC 8422 5.1). They are last, so that another is agreed on.
        let curves = setup.chain.first().map(|leaf| curve(leaf)).transpose()?;
        names.extend(curves.flatten().filter(|name| !names.contains(name)));
    }
    native::set_groups_list(context, &names.join(":")).map_err(failed)
}

/// The curve of the key in a certificate, if it is on one.
fn curve(certificate: &[u8]) -> Result<Option<&'static str>, Error> {
    let key = X509::from_der(certificate).and_then(|certificate| certificate.public_key()).map_err(failed)?;
    let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
    Ok(match curve {
        Some(Nid::X9_62_PRIME256V1) => Some("P-256"),
        Some(Nid::SECP384R1) => Some("P-384"),
        _ => None,
    })
}

/// The protocols as they are on the wire, each after its length (RFC 7301 3.1).
fn encode(protocols: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let mut encoded = Vec::new();
    for protocol in protocols {
        let length = u8::try_from(protocol.len());
        encoded.push(length.map_err(|_| Error::Usage("a name of an application protocol is too long".to_owned()))?);
        encoded.extend(protocol);
    }
    Ok(encoded)
}

/// The protocol in an encoded list.
fn find<'a>(protocol: &[u8], mut encoded: &'a [u8]) -> Option<&'a [u8]> {
    while let Some((length, rest)) = encoded.split_first() {
        let (name, others) = rest.split_at_checked(usize::from(*length))?;
        if name == protocol {
            return Some(name);
        }
        encoded = others;
    }
    None
}
