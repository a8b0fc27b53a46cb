use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::conn::{ClientConfig, ClientConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::io::SocketOptions;
use tls_engine::limits::EARLY_DATA_MAX;
use tls_engine::mem::BufferPool;

use super::identities;
use super::key_log::KeyLogSource;
use super::psk::external_psks;
use super::switches::setting;
use super::tls::{self, Tls};
use super::trust::Trust;
use super::{DEFAULT_PORT, sockets, target, without_scheme};
use crate::args;
use crate::error::Error;
use crate::files;
use crate::identity::{ChainKeeper, source_of_store};
use crate::net::{Conversation, Target, TicketLog};
use crate::render::Place;
use crate::units::counted;

/// What `connect` does.
pub struct Connect {
    /// Where it connects.
    pub target: Target,
    /// The name it verifies, unless any certificate is accepted.
    pub verified: Option<String>,
    /// The name it asks for.
    pub name: ServerName<'static>,
    /// The cryptography.
    pub provider: &'static Provider,
    /// The TLS configuration.
    pub config: Arc<ClientConfig>,
    /// Where its buffers come from.
    pub pool: BufferPool,
    /// What keeps the certificates that the server shows.
    pub keeper: ChainKeeper,
    /// Which servers are trusted.
    pub trust: Trust,
    /// The authorities that are trusted, for people.
    pub authorities: Option<String>,
    /// Whether application protocols are offered.
    pub offers_alpn: bool,
    /// Whether the sessions of earlier connections are resumed.
    pub resumes: bool,
    /// Where tickets are noted, and kept if sessions are resumed.
    pub tickets: Arc<TicketLog>,
    /// What is sent as early data.
    pub early_data: Vec<u8>,
    /// Whether it has a certificate of its own.
    pub has_certificate: bool,
    /// How long connecting and the handshake may take.
    pub timeout: Duration,
    /// How many connections are made, apart from the one before the first that is resumed: one at least.
    pub repeat: u32,
    /// Where the document goes.
    pub json: Option<Place>,
    /// How long to wait for more data after standard input has ended.
    pub linger: Duration,
    /// How the socket is set up.
    pub sockets: SocketOptions,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
}

impl Connect {
    pub(super) fn new(args: &args::Connect) -> Result<Self, Error> {
        let setting = setting(&args.switches, args.cryptography.provider.as_deref())?;
        let groups = tls::joined(&args.cryptography.groups);
        let mut tls = Tls::new(&args.tls, setting.provider, groups.as_deref(), KeyLogSource::FlagOrEnvironment)?;
        tls.cert_compression = tls::find_compressions(tls::joined(&args.cryptography.cert_compression).as_deref())?;
        let mut notes = Vec::new();
        let (address, path) = without_scheme(&args.target)?;
        let target = target(address, Some(DEFAULT_PORT), &args.family)?;
        if args.timeout.is_zero() {
            return Err(Error::Usage("--timeout must be longer than 0".into()));
        }
        let suites = tls.suites(&args.cipher)?;
        let trust = Trust::new(&args.trust, &mut notes)?;
        notes.extend(path.map(|path| not_requested(path, &target)));
        let name = tls::server_name(args.trust.sni.as_deref().unwrap_or(&target.host))?;
        let resumes = args.resume || args.early_data.is_some();
        let tickets = Arc::new(TicketLog::new(resumes));
        let early_data = args.early_data.as_deref().map_or_else(
            || Ok(Vec::new()),
            |path| files::read(path, EARLY_DATA_MAX.into()).map_err(|error| Error::read(path, error)),
        )?;
        if let Some(path) = args.early_data.as_deref().filter(|_| early_data.is_empty()) {
            return Err(Error::Usage(format!("{} is empty, which is no early data", path.display())));
        }
        let certificate = (&args.own_certificate.cert, &args.own_certificate.key);
        tls.client_identity = identities::of_client(certificate, &mut notes)?;
        let keeper = ChainKeeper::new(trust.verifier()?);
        let mut config = tls
            .client_builder(&suites, keeper.clone(), setting.switches)?
            .tickets(tickets.clone())
            .early_data(!early_data.is_empty());
        if let Some(path) = &args.psk {
            config = external_psks(path)?.into_iter().fold(config, ClientConfigBuilder::external_psk);
        }
        Ok(Self {
            verified: (!args.trust.insecure).then(|| name.to_str().into_owned()),
            name,
            provider: setting.provider,
            config: config.build().map_err(|error| Error::Usage(error.to_string()))?,
            keeper,
            authorities: authorities(&args.trust, &trust),
            trust,
            offers_alpn: !tls.alpn.is_empty(),
            resumes,
            tickets,
            early_data,
            has_certificate: tls.client_identity.is_some(),
            pool: Conversation::pool(setting.switches.buffer_pool),
            timeout: args.timeout,
            repeat: args.repeat,
            json: args.json.as_deref().map(place),
            linger: args.linger,
            sockets: SocketOptions { timeout: Some(args.timeout), ..sockets(&args.sockets)? },
            notes,
            target,
        })
    }

    /// Whether what the server says is printed: not where the document takes standard output.
    pub fn prints_answer(&self) -> bool {
        self.json != Some(Place::Standard)
    }
}

/// `-` is standard output.
fn place(path: &Path) -> Place {
    if path == Path::new("-") { Place::Standard } else { Place::File(path.to_owned()) }
}

/// How many authorities are trusted, and where they come from.
fn authorities(args: &args::Trust, trust: &Trust) -> Option<String> {
    let source = match &args.cacert {
        Some(path) => path.display().to_string(),
        None => source_of_store(),
    };
    let count = trust.roots().len();
    (count > 0).then(|| format!("{} of {source}", counted(count, "authority", "authorities")))
}

fn not_requested(path: &str, target: &Target) -> String {
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!(
        "{path} is not requested, because standard input is sent; to request it: printf 'GET {slash}{path} HTTP/1.0\\r\\nHost: \
         {}\\r\\n\\r\\n' | tlsbench connect {target}",
        target.host
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Family;

    #[test]
    fn an_https_url_is_a_host_with_a_port_and_a_path() {
        for (typed, address, path) in [
            ("a.example:8443", "a.example:8443", None),
            ("https://a.example", "a.example", None),
            ("HTTPS://a.example/", "a.example", None),
            ("https://[::1]:8443/x?y", "[::1]:8443", Some("/x?y")),
            ("https://a.example?y", "a.example", Some("?y")),
        ] {
            assert_eq!(without_scheme(typed).expect(typed), (address, path));
        }
        for typed in ["http://a.example", "tls://a.example:1", "://a"] {
            assert!(matches!(without_scheme(typed), Err(Error::Usage(text)) if text.contains("https://")), "{typed}");
        }
    }

    #[test]
    fn a_path_is_told_with_the_request_that_asks_for_it() {
        let target = Target::parse("a.example", Some(443), Family::Any).expect("a target");
        let told = not_requested("/x", &target);
        assert!(
            told.contains(r"printf 'GET /x HTTP/1.0\r\nHost: a.example\r\n\r\n' | tlsbench connect a.example:443"),
            "{told}"
        );
        assert!(not_requested("?y", &target).contains("GET /?y HTTP"));
    }
}
