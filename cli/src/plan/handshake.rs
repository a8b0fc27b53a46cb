use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;

use super::switches::setting;
use super::throughput::{DEFAULT_DURATION, Limit, limit};
use super::tls::{self, Secrets, Tls, Trust};
use super::{once, sockets};
use crate::args;
use crate::error::Error;
use crate::identity::{Identity, THROW_AWAY_NAMES};
use crate::schema::Facts;
use crate::setting::Setting;

/// What `handshake` measures: every suite over every transport.
#[derive(Clone)]
pub struct Handshake {
    /// A word at the end of the cases' names.
    pub label: Option<String>,
    /// What is offered.
    pub tls: Tls,
    /// The suites, each in a case of its own.
    pub suites: Vec<CipherSuite>,
    /// Whether the ends are connected by sockets, for each case of a suite.
    pub over_sockets: Vec<bool>,
    /// When a case ends.
    pub limit: Limit,
    /// How long it runs before it is timed.
    pub warmup: Duration,
    /// The optimizations.
    pub setting: Setting,
    /// The seed of all that is random in the measurement.
    pub seed: u64,
    /// The name that the client asks for.
    pub name: ServerName<'static>,
    /// Who the server is, and whom the client trusts; servers of throw-away identities otherwise.
    pub given: Option<(Identity, Trust)>,
    /// Whether clients of throw-away servers trust anyone.
    pub trusts_anyone: bool,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// What the handshake was asked to be, as results tell it.
    pub terms: Facts,
}

impl Handshake {
    pub(super) fn new(args: &args::Handshake) -> Result<Self, Error> {
        let setting = setting(&args.switches, args.tls.provider.as_deref())?;
        let mut tls = Tls::new(&args.tls, setting.provider, Secrets::WhereAsked)?;
        let given = match (&args.identity.cert, &args.identity.key) {
            (Some(chain), Some(key)) => {
                let identity = Identity::from_files(chain, key, &mut tls.notes)?;
                Some((identity, Trust::new(&args.trust, &mut tls.notes)?))
            }
            _ if args.trust.cacert.is_some() => {
                let message = "--cacert is for a server with a certificate of its own: name it with --cert and --key";
                return Err(Error::Usage(message.to_owned()));
            }
            _ => None,
        };
        let name = tls::server_name(args.trust.sni.as_deref().unwrap_or(THROW_AWAY_NAMES[0]))?;
        let over_sockets = once(args.transport.iter().map(|kind| *kind == args::Transport::Loopback));
        Ok(Self {
            label: args.label.clone(),
            suites: tls.suites(&args.cipher)?,
            over_sockets,
            limit: limit(args.count, args.duration, DEFAULT_DURATION)?,
            warmup: args.warmup,
            setting,
            seed: args.seed,
            terms: tls.terms(&name, &args.tls, &args.trust, &args.identity),
            name,
            given,
            trusts_anyone: args.trust.insecure,
            sockets: sockets(&args.sockets)?,
            tls,
        })
    }
}
