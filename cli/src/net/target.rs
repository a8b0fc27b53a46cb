use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use tls_engine::io::{Socket, SocketOptions};

use crate::error::Error;
use crate::interrupt;

/// How often a wait checks for an interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// A host and a port to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Which of the host's addresses are used.
    pub family: Family,
}

/// A TCP connection to a target, and how it came about.
#[derive(Debug)]
pub struct Reached {
    /// The connection.
    pub socket: Socket,
    /// The address that responded.
    pub address: SocketAddr,
    /// How long it took to resolve the name; `None` where the target is an address.
    pub resolving: Option<Duration>,
    /// How long it took to connect to this address.
    pub connecting: Duration,
    /// The addresses that were tried before, each with what came of it.
    pub failures: Vec<(SocketAddr, io::Error)>,
}

/// Which addresses are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// All.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// The IP version, if only one is used.
    pub const fn version(self) -> Option<u8> {
        match self {
            Self::Any => None,
            Self::V4 => Some(4),
            Self::V6 => Some(6),
        }
    }
}

impl Target {
    /// Parses `HOST:PORT`, `[ADDRESS]:PORT`, or either without the port if there is a `default_port`.
    pub fn parse(text: &str, default_port: Option<u16>, family: Family) -> Result<Self, Error> {
        let refuse = |why: &str| Error::Usage(format!("'{text}' is not HOST:PORT: {why}"));
        if let Some((_, rest)) = text.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            return Err(refuse(&format!("it is a URL, whose host is '{host}'")));
        }
        if text.contains('/') {
            return Err(refuse("it contains a path"));
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(|| refuse("the bracket is not closed"))?;
                let port = rest.strip_prefix(':');
                if port.is_none() && !rest.is_empty() {
                    return Err(refuse("only a port can follow the bracket"));
                }
                (host, port)
            }
            None if text.matches(':').count() > 1 => {
                return Err(refuse("an IPv6 address needs brackets, as in [::1]:443"));
            }
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return Err(refuse("the host is missing"));
        }
        let port = match (port, default_port) {
            (Some(port), _) => {
                let digits = Some(port).filter(|port| port.bytes().all(|digit| digit.is_ascii_digit()));
                digits
                    .and_then(|port| port.parse().ok())
                    .filter(|port| *port != 0)
                    .ok_or_else(|| refuse("the port must be 1 to 65535"))?
            }
            (None, Some(port)) => port,
            (None, None) => return Err(refuse("the port is missing")),
        };
        Ok(Self { host: host.to_owned(), port, family })
    }

    /// Connects to the first address that responds. If none does, the error of the first one tried is returned.
    pub fn connect(&self, options: &SocketOptions) -> Result<Reached, Error> {
        let (target, options) = (self.clone(), *options);
        in_a_thread("connecting", move || {
            let began = Instant::now();
            let addresses = target.resolve_patiently()?;
            let resolving = (!target.is_address()).then(|| began.elapsed());
            Ok(Reached { resolving, ..target.connect_patiently(&addresses, &options)? })
        })
    }

    /// An address.
    pub fn of_address(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port(), family: Family::Any }
    }

    /// The host's addresses with the port, in the system's order of preference: one at least.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, Error> {
        let target = self.clone();
        in_a_thread("resolving", move || target.resolve_patiently())
    }

    /// Whether the host is an address, which needs no resolving.
    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    fn connect_patiently(&self, addresses: &[SocketAddr], options: &SocketOptions) -> Result<Reached, Error> {
        let mut failures = Vec::new();
        for address in addresses {
            let began = Instant::now();
            match Socket::connect(*address, options) {
                Ok(socket) => {
                    let connecting = began.elapsed();
                    return Ok(Reached { socket, address: *address, resolving: None, connecting, failures });
                }
                Err(error) => failures.push((*address, error)),
            }
        }
        Err(self.unreachable(failures.into_iter().next().map_or_else(no_address, |(_, error)| error)))
    }

    fn resolve_patiently(&self) -> Result<Vec<SocketAddr>, Error> {
        let all = (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| self.unreachable(error))?;
        let addresses: Vec<SocketAddr> = all
            .filter(|address| match self.family {
                Family::Any => true,
                Family::V4 => address.is_ipv4(),
                Family::V6 => address.is_ipv6(),
            })
            .collect();
        if addresses.is_empty() { Err(self.unreachable(no_address())) } else { Ok(addresses) }
    }

    /// The host as in a URL: an IPv6 address has brackets.
    pub fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    fn unreachable(&self, source: io::Error) -> Error {
        Error::Unreachable { target: self.to_string(), source }
    }
}

fn no_address() -> io::Error {
    io::Error::new(ErrorKind::AddrNotAvailable, "it has no address of this family")
}

/// Neither name resolution nor connecting can be interrupted, so a thread does both. If nobody waits any longer, what it returns is
/// dropped.
fn in_a_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (sender, done) = channel();
    let work = move || {
        let _ = sender.send(work());
    };
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|error| Error::io("starting a thread", error))?;
    loop {
        match done.recv_timeout(LOOK) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => interrupt::check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(Error::Failed(format!("{name} panicked"))),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.bracketed_host(), self.port)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn targets_are_read_and_printed() {
        for (text, host, port) in [
            ("a.example:8443", "a.example", 8443),
            ("192.0.2.1:1", "192.0.2.1", 1),
            ("[2001:db8::1]:443", "2001:db8::1", 443),
        ] {
            let target = Target::parse(text, None, Family::Any).expect(text);
            assert_eq!((target.host.as_str(), target.port), (host, port));
            assert_eq!(target.to_string(), text);
        }
        assert_eq!(Target::parse("[::1]", Some(443), Family::Any).expect("a target").port, 443);
        assert_eq!(Target::parse("a.example", Some(443), Family::Any).expect("a target").port, 443);
    }

    #[test]
    fn what_is_no_target_is_a_usage_error() {
        for text in
            ["a.example", "", ":443", "a:0", "a:65536", "a:http", "a:+4", "a: 4", "::1", "[::1", "[::1]443", "a:1:2"]
        {
            assert!(matches!(Target::parse(text, None, Family::Any), Err(Error::Usage(_))), "{text}");
        }
        for (text, host) in [
            ("https://a.example:443/", "'a.example:443'"),
            ("https://[::1]/x?y", "'[::1]'"),
            ("tls://a.example", "'a.example'"),
        ] {
            let refused = Target::parse(text, Some(443), Family::Any);
            assert!(
                matches!(&refused, Err(Error::Usage(why)) if why.contains("URL") && why.contains(host)),
                "{refused:?}"
            );
        }
        let refused = Target::parse("a.example:443/", None, Family::Any);
        assert!(matches!(&refused, Err(Error::Usage(why)) if why.contains("path")), "{refused:?}");
    }

    #[test]
    fn a_family_without_an_address_is_unreachable() {
        let target = Target::parse("127.0.0.1:9", None, Family::V6).expect("a target");
        assert!(matches!(target.connect(&SocketOptions::default()), Err(Error::Unreachable { .. })));
        assert!(matches!(target.resolve(), Err(Error::Unreachable { .. })));
    }

    #[test]
    fn what_is_reached_is_told_with_the_time_of_each_phase() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        for (host, is_resolved) in [("localhost", true), ("127.0.0.1", false)] {
            let target = Target { host: host.into(), port: address.port(), family: Family::V4 };
            assert!(target.resolve().expect("addresses").contains(&address));
            let reached = target.connect(&SocketOptions::default()).expect("a connection");
            assert_eq!((reached.address, reached.resolving.is_some()), (address, is_resolved), "{host}");
            assert!(reached.connecting > Duration::ZERO && reached.failures.is_empty(), "{reached:?}");
        }
    }

    #[test]
    fn addresses_that_do_not_respond_are_told_with_the_one_that_does() {
        let [listener, closed] = [(), ()].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
        let [open, refusing] = [&listener, &closed].map(|each| each.local_addr().expect("an address"));
        drop(closed);
        let target = Target::parse("a.example:1", None, Family::Any).expect("a target");
        let connect = |addresses: &[SocketAddr]| target.connect_patiently(addresses, &SocketOptions::default());
        let reached = connect(&[refusing, open]).expect("a connection");
        assert_eq!(reached.address, open);
        assert!(matches!(&reached.failures[..], [(address, _)] if *address == refusing), "{reached:?}");
        let refused = connect(&[refusing, refusing]);
        assert!(
            matches!(&refused, Err(Error::Unreachable { source, .. }) if source.kind() == ErrorKind::ConnectionRefused)
        );
    }
}
