use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::conn::ClientConfig;
use tls_engine::io::SocketOptions;
use tls_engine::mem::BufferPool;

use super::switches::setting;
use super::tls::{self, Secrets, Tls, Trust};
use super::{sockets, target};
use crate::args;
use crate::error::Error;
use crate::net::{Conversation, Target};

/// The port where none is given: that of HTTPS.
const DEFAULT_PORT: u16 = 443;

/// What `connect` does.
pub struct Connect {
    /// Where it connects.
    pub target: Target,
    /// The name it asks for and verifies.
    pub name: ServerName<'static>,
    /// How it shakes hands.
    pub config: Arc<ClientConfig>,
    /// Where its buffers come from.
    pub pool: BufferPool,
    /// How long connecting and the handshake may take.
    pub timeout: Duration,
    /// How long the server may be silent after the end of standard input.
    pub linger: Duration,
    /// How the socket is set up.
    pub sockets: SocketOptions,
    /// What is good to know of the files that were named.
    pub notes: Vec<String>,
}

impl Connect {
    pub(super) fn new(args: &args::Connect) -> Result<Self, Error> {
        let setting = setting(&args.switches, args.cryptography.provider.as_deref())?;
        let groups = tls::joined(&args.cryptography.groups);
        let tls = Tls::new(&args.tls, setting.provider, groups.as_deref(), Secrets::AsEverywhere)?;
        let mut notes = Vec::new();
        let target = target(&args.target, Some(DEFAULT_PORT), &args.family)?;
        if args.timeout.is_zero() {
            return Err(Error::Usage("--timeout is longer than 0".into()));
        }
        let suites = tls.suites(&args.cipher)?;
        let trust = Trust::new(&args.trust, &mut notes)?;
        Ok(Self {
            name: tls::server_name(args.trust.sni.as_deref().unwrap_or(&target.host))?,
            config: tls.client(&suites, &trust, setting.switches)?,
            pool: Conversation::pool(setting.switches.buffer_pool),
            timeout: args.timeout,
            linger: args.linger,
            sockets: SocketOptions { timeout: Some(args.timeout), ..sockets(&args.sockets)? },
            notes,
            target,
        })
    }
}
