use std::time::Duration;

use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;
use tls_engine::limits::RECORD_MAX;

pub use crate::args::{Direction, Verify};

use super::switches::setting;
use super::tls::{self, Secrets, Tls, Trust};
use super::{once, sockets, target};
use crate::args;
use crate::error::Error;
use crate::identity::{Identity, THROW_AWAY_NAMES};
use crate::net::Target;
use crate::schema::Facts;
use crate::setting::Setting;
use crate::units::{Bytes, Count};

/// How long each case is measured where nothing is said.
pub(super) const DEFAULT_DURATION: Duration = Duration::from_secs(3);
/// The longest write and the largest buffer, bytes.
const SIZE_MAX: u64 = 64 << 20;

/// What `throughput` measures: every suite with every size over every transport.
pub struct Throughput {
    /// A word at the end of the cases' names.
    pub label: Option<String>,
    /// What is offered in the handshake.
    pub tls: Tls,
    /// The suites, each in a connection of its own.
    pub suites: Vec<CipherSuite>,
    /// The sizes of the application's writes, bytes.
    pub sizes: Vec<usize>,
    /// What carries the records.
    pub transports: Vec<Transport>,
    /// Which way the data goes.
    pub direction: Direction,
    /// When a case ends.
    pub limit: Limit,
    /// How long it runs before it is measured.
    pub warmup: Duration,
    /// The optimizations.
    pub setting: Setting,
    /// About the size of each end's buffer, bytes.
    pub buffer_bytes: usize,
    /// Connections at once.
    pub threads: usize,
    /// How much is compared.
    pub verify: Verify,
    /// The seed of all that is random in the measurement.
    pub seed: u64,
    /// The name that the client asks for.
    pub name: ServerName<'static>,
    /// Whom it trusts.
    pub trust: Trust,
    /// Who the server is, where it is in this process.
    pub identity: Option<Identity>,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// What the handshake was asked to be, as results tell it.
    pub terms: Facts,
}

/// What carries the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Buffers, without a system call.
    Memory,
    /// Two TCP sockets of this machine, driven by this many threads (1 or 2).
    Loopback {
        /// 2: one for each end. 1: one for both.
        threads: u8,
    },
    /// A `tlsbench serve` elsewhere.
    Remote(Target),
}

/// When a case ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// After this time.
    Duration(Duration),
    /// After this many writes, or handshakes.
    Writes(u64),
}

impl Throughput {
    pub(super) fn new(args: &args::Throughput) -> Result<Self, Error> {
        let setting = setting(&args.switches, args.tls.provider.as_deref())?;
        let mut tls = Tls::new(&args.tls, setting.provider, Secrets::WhereAsked)?;
        let remote = args.connect.as_deref().map(|text| target(text, None, &args.family)).transpose()?;
        let (identity, authority) = match remote {
            Some(_) => (None, None),
            None => tls::identity(&args.identity, &mut tls.notes)
                .map(|(identity, authority)| (Some(identity), authority))?,
        };
        let trust = match authority {
            // What was made here is trusted here, unless something else is asked for.
            Some(authority) if args.trust.cacert.is_none() && !args.trust.insecure => {
                Trust::Roots(vec![authority.certificate])
            }
            _ => Trust::new(&args.trust, &mut tls.notes)?,
        };
        let host = remote.as_ref().map_or(THROW_AWAY_NAMES[0], |target| target.host.as_str());
        let name = tls::server_name(args.trust.sni.as_deref().unwrap_or(host))?;
        let mut terms = tls.terms(&name, &args.tls, &args.trust, &args.identity);
        if let Some(version) = remote.as_ref().and_then(|target| target.family.version()) {
            terms.insert("ip_version".into(), version.into());
        }
        Ok(Self {
            label: args.label.clone(),
            suites: tls.suites(&args.cipher)?,
            sizes: once(args.size.iter().map(|size| check_size(*size)).collect::<Result<Vec<_>, _>>()?),
            direction: args.direction,
            limit: limit(args.count, args.duration, DEFAULT_DURATION)?,
            warmup: args.warmup,
            setting,
            buffer_bytes: check_buffer(args.buffer)?,
            threads: usize::from(args.threads),
            verify: args.verify,
            seed: args.seed,
            name,
            terms,
            transports: remote.map_or_else(|| transports(args), |target| vec![Transport::Remote(target)]),
            trust,
            identity,
            sockets: sockets(&args.sockets)?,
            tls,
        })
    }
}

/// When a case ends: after a count, or after a duration.
pub(super) fn limit(count: Option<Count>, duration: Option<Duration>, default: Duration) -> Result<Limit, Error> {
    match (count, duration) {
        (Some(count), _) if count.0 == 0 => Err(Error::Usage("--count is at least 1".into())),
        (Some(count), _) => Ok(Limit::Writes(count.0)),
        (None, Some(Duration::ZERO)) => Err(Error::Usage("--duration is longer than 0".into())),
        (None, duration) => Ok(Limit::Duration(duration.unwrap_or(default))),
    }
}

fn check_size(Bytes(bytes): Bytes) -> Result<usize, Error> {
    if (1..=SIZE_MAX).contains(&bytes) {
        Ok(bytes as usize)
    } else {
        Err(Error::Usage(format!("--size is 1 B to {}", Bytes(SIZE_MAX))))
    }
}

fn check_buffer(Bytes(bytes): Bytes) -> Result<usize, Error> {
    if (RECORD_MAX as u64..=SIZE_MAX).contains(&bytes) {
        Ok(bytes as usize)
    } else {
        Err(Error::Usage(format!(
            "--buffer is {} (a record at its longest) to {}",
            Bytes(RECORD_MAX as u64),
            Bytes(SIZE_MAX)
        )))
    }
}

fn transports(args: &args::Throughput) -> Vec<Transport> {
    let mut transports = Vec::new();
    for kind in &args.transport {
        match kind {
            args::Transport::Memory => transports.push(Transport::Memory),
            args::Transport::Loopback => {
                transports
                    .extend(args.loopback_threads.iter().map(|threads| Transport::Loopback { threads: *threads }));
            }
        }
    }
    once(transports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;
    use tls_engine::switches::{BufferPoolKind, Switches};

    fn plan(flags: &[&str]) -> Result<Throughput, Error> {
        let args = Args::try_parse_from(["tlsbench", "throughput"].iter().chain(flags))
            .map_err(|error| Error::Usage(error.to_string()))?;
        match &args.command {
            Command::Throughput(args) => Throughput::new(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_said_is_one_quick_case() {
        let plan = plan(&[]).expect("a plan");
        assert_eq!(plan.suites, [CipherSuite::AES_128_GCM_SHA256]);
        assert_eq!(plan.sizes, [16_384]);
        assert_eq!(plan.transports, [Transport::Loopback { threads: 2 }]);
        assert_eq!(plan.limit, Limit::Duration(DEFAULT_DURATION));
        assert!(plan.setting.switches.zero_copy && plan.sockets.no_delay);
        assert!(plan.identity.is_some());
    }

    #[test]
    fn every_flag_arrives() {
        let flags = "--cipher aes256gcm,chacha20poly1305 --cipher aes128gcm --size 64,1350,16KiB -z 2s -w 1s \
                     --direction both --transport memory,loopback --loopback-threads 1,2 --zero-copy=off -t 3 \
                     --verify all --buffer 64k --send-buffer 256k --receive-buffer 1m --no-delay=off --groups p256,x25519 \
                     --alpn h2,http/1.1 --provider rustcrypto --seed 9 -k --sni a.example --label twice";
        let plan = plan(&flags.split_whitespace().collect::<Vec<_>>()).expect("a plan");
        assert_eq!(plan.suites.len(), 3);
        assert_eq!(plan.sizes, [64, 1_350, 16_384]);
        assert_eq!(plan.limit, Limit::Duration(Duration::from_secs(2)));
        assert_eq!(plan.warmup, Duration::from_secs(1));
        assert_eq!(plan.direction, Direction::Both);
        let loopback = |threads| Transport::Loopback { threads };
        assert_eq!(plan.transports, [Transport::Memory, loopback(1), loopback(2)]);
        assert!(!plan.setting.switches.zero_copy && !plan.sockets.no_delay);
        assert_eq!(plan.buffer_bytes, 65_536);
        assert_eq!((plan.threads, plan.verify, plan.seed), (3, Verify::All, 9));
        assert_eq!(plan.sockets.send_buffer_bytes, Some(262_144));
        assert_eq!(plan.sockets.receive_buffer_bytes, Some(1 << 20));
        assert_eq!(plan.tls.provider.name, "rustcrypto");
        assert_eq!(plan.tls.groups.len(), 2);
        assert_eq!(plan.tls.alpn, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert_eq!(plan.name.to_str(), "a.example");
        assert!(matches!(plan.trust, Trust::Anyone));
        assert_eq!(plan.label.as_deref(), Some("twice"));
    }

    #[test]
    fn single_switches_change_their_base_and_none_brings_plain_cryptography() {
        let setting = |flags: &[&str]| plan(flags).expect("a plan").setting;
        let plain = setting(&["--switches", "none"]);
        assert_eq!((plain.switches, plain.provider.name), (Switches::none(), "rustcrypto"));
        let mixed = setting(&["--switches", "none", "--provider", "auto", "--buffer-pool", "shared", "--arena"]);
        let expected = Switches { arena: true, buffer_pool: BufferPoolKind::Shared, ..Switches::none() };
        assert_eq!((mixed.switches, mixed.provider.name), (expected, "auto"));
        assert_eq!(setting(&["--inline=off"]).switches, Switches { inline: false, ..Switches::all() });
    }

    #[test]
    fn a_remote_end_replaces_the_one_in_this_process() {
        let plan = plan(&["--connect", "[::1]:4433", "-k", "-n", "10k"]).expect("a plan");
        assert!(plan.identity.is_none());
        assert!(matches!(&plan.transports[..], [Transport::Remote(target)] if target.to_string() == "[::1]:4433"));
        assert_eq!(plan.limit, Limit::Writes(10_000));
        assert_eq!(plan.name.to_str(), "::1");
    }

    #[test]
    fn what_can_not_be_done_is_refused() {
        for flags in [
            &["--size", "0"][..],
            &["--size", "65m"],
            &["--count", "0"],
            &["--buffer", "16k"],
            &["--duration", "0s"],
            &["--duration", "10"],
            &["--count", "1", "--duration", "1s"],
            &["--cipher", "rc4"],
            &["--groups", "x448"],
            &["--loopback-threads", "3"],
            &["--threads", "0"],
            &["--zero-copy", "off"],
            &["--buffer-pool", "on"],
            &["--switches", "some"],
            &["--switches", "none", "--cipher", "rc4"],
            &["--cert", "chain.pem"],
            &["--connect", "a:1", "--transport", "memory"],
            &["--connect", "a"],
            &["--send-buffer", "4g"],
            &["--cacert", "/nonexistent.pem"],
            &["--sni", "not a name"],
        ] {
            assert_eq!(plan(flags).err().map(|error| error.exit_code()), Some(crate::error::exit::USAGE), "{flags:?}");
        }
    }
}
