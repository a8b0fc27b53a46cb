use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName};
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::keys::{KeyLog, KeyLogFile};
use tls_engine::pki::ServerVerifier;
use tls_engine::switches::Switches;

use super::once;
use crate::args;
use crate::error::Error;
use crate::files;
use crate::identity::{self, Authority, Identity};
use crate::names;
use crate::render::{Color, Messages};
use crate::schema::Facts;

/// What both ends of a handshake can be told.
#[derive(Clone)]
pub struct Tls {
    /// The cryptography.
    pub provider: &'static Provider,
    /// The groups, best first; the provider's where none were asked for.
    pub groups: Vec<NamedGroup>,
    /// The application protocols, best first.
    pub alpn: Vec<Vec<u8>>,
    /// Where secrets are told to.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// What is good to know of the files that were named.
    pub notes: Vec<String>,
}

/// Whom a client trusts.
#[derive(Clone, Debug)]
pub enum Trust {
    /// These.
    Roots(Vec<CertificateDer<'static>>),
    /// Anyone.
    Anyone,
}

/// When secrets are written to a key log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Where the flag or the variable of the environment asks for it.
    AsEverywhere,
    /// Where the flag asks for it: what is measured must not change because somebody has once set a variable.
    WhereAsked,
}

impl Tls {
    pub(super) fn new(args: &args::Tls, provider: &'static Provider, secrets: Secrets) -> Result<Self, Error> {
        let groups = match args.groups.as_slice() {
            [] => provider.groups.iter().map(|group| group.name()).collect(),
            names => once(names.iter().map(|name| find_group(name, provider)).collect::<Result<Vec<_>, _>>()?),
        };
        let alpn = once(args.alpn.iter().map(|name| check_alpn(name)).collect::<Result<Vec<_>, _>>()?);
        let key_log = match key_log_path(args.keylog.as_deref(), secrets) {
            None => None,
            Some(path) => {
                let open = match files::stream(&path).map_err(|error| Error::write(&path, error))? {
                    Some(stream) => KeyLogFile::new(stream),
                    None => KeyLogFile::open(&path).map_err(|error| Error::Usage(error.to_string()))?,
                };
                let file = open.on_failure(move |error| {
                    let message = format!("secrets are missing from the key log {}: {error}", path.display());
                    Messages::new(false, 0, Color::Never).complaint(&message);
                });
                Some(Arc::new(file) as Arc<dyn KeyLog>)
            }
        };
        Ok(Self { provider, groups, alpn, key_log, notes: Vec::new() })
    }

    /// The suites of these names, or all of the provider's where there are none.
    pub(super) fn suites(&self, names: &[String]) -> Result<Vec<CipherSuite>, Error> {
        let all = || self.provider.suites.iter().map(|suite| suite.code).collect::<Vec<_>>();
        if names.is_empty() {
            return Ok(all());
        }
        let mut suites = Vec::new();
        for name in names {
            if name.eq_ignore_ascii_case("all") {
                suites.extend(all());
            } else {
                suites.push(find_suite(name, self.provider)?);
            }
        }
        Ok(once(suites))
    }

    /// What a handshake was asked to be, as results tell it, so that it can be asked for again.
    pub(super) fn terms(
        &self,
        name: &ServerName,
        args: &args::Tls,
        trust: &args::Trust,
        identity: &args::Identity,
    ) -> Facts {
        let mut facts = Facts::new();
        let mut add = |fact: &str, value: String| facts.insert(fact.to_owned(), value.into());
        let groups: Vec<String> = self.groups.iter().map(|group| names::short_group(*group)).collect();
        add("groups", groups.join(","));
        if !self.alpn.is_empty() {
            let names: Vec<_> = self.alpn.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
            add("alpn_offered", names.join(","));
        }
        add("server_name", name.to_str().into_owned());
        let files = [
            ("cacert_file", &trust.cacert),
            ("cert_file", &identity.cert),
            ("key_file", &identity.key),
            ("keylog_file", &args.keylog),
        ];
        for (fact, path) in files {
            if let Some(path) = path {
                add(fact, names::shown(&path.to_string_lossy()));
            }
        }
        facts.insert("insecure".into(), trust.insecure.into());
        facts
    }

    /// How clients connect that offer `suites`.
    pub fn client(
        &self,
        suites: &[CipherSuite],
        trust: &Trust,
        switches: Switches,
    ) -> Result<Arc<ClientConfig>, Error> {
        let alpn: Vec<&[u8]> = self.alpn.iter().map(Vec::as_slice).collect();
        let mut builder = ClientConfig::builder(self.provider)
            .suites(suites)
            .groups(&self.groups)
            .alpn(&alpn)
            .verifier(trust.verifier(self.provider)?)
            .switches(switches);
        if let Some(key_log) = &self.key_log {
            builder = builder.key_log(key_log.clone());
        }
        Ok(builder.build()?)
    }

    /// How servers answer that take `suites` and are `identity`.
    pub fn server(
        &self,
        suites: &[CipherSuite],
        identity: &Identity,
        switches: Switches,
    ) -> Result<Arc<ServerConfig>, Error> {
        let alpn: Vec<&[u8]> = self.alpn.iter().map(Vec::as_slice).collect();
        let mut builder = ServerConfig::builder(self.provider)
            .suites(suites)
            .groups(&self.groups)
            .alpn(&alpn)
            .certificate(identity.certified_key(self.provider)?)
            .switches(switches);
        if let Some(key_log) = &self.key_log {
            builder = builder.key_log(key_log.clone());
        }
        Ok(builder.build()?)
    }
}

impl Trust {
    /// What the flags say; the authorities of this system where they say nothing.
    pub(super) fn new(args: &args::Trust, notes: &mut Vec<String>) -> Result<Self, Error> {
        Ok(match &args.cacert {
            _ if args.insecure => Self::Anyone,
            Some(path) => Self::Roots(identity::certificates(path, notes)?),
            None => Self::Roots(identity::system_store(notes)?),
        })
    }

    /// What verifies servers for a client that trusts so.
    pub fn verifier(&self, provider: &'static Provider) -> Result<ServerVerifier, Error> {
        match self {
            Self::Anyone => Ok(ServerVerifier::insecure(provider)),
            Self::Roots(roots) => ServerVerifier::new(provider, roots).map_err(|error| Error::Usage(error.to_string())),
        }
    }
}

/// The server's identity: from files, or made for this run together with its authority.
pub(super) fn identity(args: &args::Identity, notes: &mut Vec<String>) -> Result<(Identity, Option<Authority>), Error> {
    match (&args.cert, &args.key) {
        (Some(chain), Some(key)) => Ok((Identity::from_files(chain, key, notes)?, None)),
        _ => Identity::throw_away().map(|(identity, authority)| (identity, Some(authority))),
    }
}

/// Refuses names of protocols that a server of HTTP/1 does not speak: a client that got one of them would speak it.
pub(super) fn check_http(alpn: &[Vec<u8>]) -> Result<(), Error> {
    match alpn.iter().find(|name| !matches!(name.as_slice(), b"http/1.1" | b"http/1.0")) {
        None => Ok(()),
        Some(name) => {
            let name = String::from_utf8_lossy(name);
            Err(Error::Usage(format!("--mode http speaks http/1.1 and http/1.0, and not '{name}' (--alpn)")))
        }
    }
}

/// The name to ask for and to verify: an address is verified and not asked for (RFC 6066 3).
pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| Error::Usage(format!("'{name}' is neither a host name nor an address")))
}

/// The suite of that name, which the provider has to have.
pub(super) fn find_suite(name: &str, provider: &Provider) -> Result<CipherSuite, Error> {
    let known = names::SUITES.iter().map(|(_, short)| *short).chain(["all"]);
    let code = names::suite(name).ok_or_else(|| Error::unknown("cipher", name, known))?;
    if provider.suite(code).is_none() {
        let can: Vec<_> = provider.suites.iter().map(|suite| names::short_suite(suite.code)).collect();
        return Err(Error::Usage(format!(
            "the provider {} can't do {name}; it can do {}",
            provider.name,
            can.join(", ")
        )));
    }
    Ok(code)
}

fn find_group(name: &str, provider: &Provider) -> Result<NamedGroup, Error> {
    let known = names::GROUPS.iter().map(|(_, names)| names[0]);
    let code = names::group(name).ok_or_else(|| Error::unknown("group", name, known))?;
    if provider.group(code).is_none() {
        let can: Vec<_> = provider.groups.iter().map(|group| group.name().to_string()).collect();
        return Err(Error::Usage(format!(
            "the provider {} can't do {name}; it can do {}",
            provider.name,
            can.join(", ")
        )));
    }
    Ok(code)
}

fn check_alpn(name: &str) -> Result<Vec<u8>, Error> {
    // RFC 7301 3.1
    if name.is_empty() || name.len() > 255 {
        return Err(Error::Usage("a protocol name (--alpn) has 1 to 255 bytes".into()));
    }
    if name.chars().any(names::is_hidden) {
        return Err(Error::Usage(format!("a protocol name (--alpn) is text that can be seen, and '{name}' is not")));
    }
    Ok(name.as_bytes().to_vec())
}

/// The flag wins over the variable that browsers and curl know; an empty variable counts as unset.
fn key_log_path(flag: Option<&Path>, secrets: Secrets) -> Option<PathBuf> {
    let variable = || std::env::var_os("SSLKEYLOGFILE").filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.map(Path::to_owned).or_else(|| if secrets == Secrets::AsEverywhere { variable() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::find_provider;
    use tls_engine::crypto::provider;

    fn tls(provider: &str) -> Tls {
        let typed = args::Tls { provider: None, groups: vec![], alpn: vec![], keylog: None };
        Tls::new(&typed, find_provider(provider).expect("a provider"), Secrets::WhereAsked).expect("it can be done")
    }

    #[test]
    fn suites_are_named_once_and_all_means_all() {
        let tls = tls("auto");
        let names = ["aes256gcm", "all", "TLS_AES_128_GCM_SHA256"].map(str::to_owned);
        let suites = tls.suites(&names).expect("suites");
        assert_eq!(suites[0], CipherSuite::AES_256_GCM_SHA384);
        assert_eq!(suites.len(), tls.provider.suites.len());
        assert_eq!(tls.suites(&[]).expect("suites").len(), suites.len());
    }

    #[test]
    fn what_a_provider_lacks_is_told_from_what_nobody_knows() {
        let provider = provider::by_name("aws-lc-rs").expect("a provider of this build");
        assert!(matches!(find_suite("aegis128l", provider), Err(Error::Usage(text)) if text.contains("aes128gcm")));
        assert!(matches!(find_suite("rc4", provider), Err(Error::Unknown { known, .. }) if known.len() == 6));
        assert!(matches!(find_group("x448", provider), Err(Error::Unknown { .. })));
        assert!(matches!(find_provider("ring"), Err(Error::Unknown { .. })));
    }
}
