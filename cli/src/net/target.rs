use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

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
    pub fn connect(&self, options: &SocketOptions) -> Result<Socket, Error> {
        // Neither name resolution nor connecting can be interrupted, so a thread does both.
        let (sender, connected) = channel();
        let (target, options) = (self.clone(), *options);
        let connect = move || {
            // If nobody waits any longer, the socket is closed again.
            let _ = sender.send(target.connect_patiently(&options));
        };
        thread::Builder::new()
            .name("connecting".to_owned())
            .spawn(connect)
            .map_err(|error| Error::io("starting a thread", error))?;
        loop {
            match connected.recv_timeout(LOOK) {
                Ok(connected) => return connected,
                Err(RecvTimeoutError::Timeout) => interrupt::check()?,
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Failed("connecting panicked".to_owned())),
            }
        }
    }

    fn connect_patiently(&self, options: &SocketOptions) -> Result<Socket, Error> {
        let unreachable = |source| Error::Unreachable { target: self.to_string(), source };
        let mut first_failure = None;
        for address in self.resolve()? {
            match Socket::connect(address, options) {
                Ok(socket) => return Ok(socket),
                Err(error) => first_failure = first_failure.or(Some(error)),
            }
        }
        Err(unreachable(first_failure.unwrap_or_else(|| ErrorKind::AddrNotAvailable.into())))
    }

    /// The addresses of the host, at least one. Waits for the system's resolver.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, Error> {
        let unreachable = |source| Error::Unreachable { target: self.to_string(), source };
        let is_wanted = |address: &SocketAddr| match self.family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(unreachable)?;
        let addresses: Vec<_> = addresses.filter(is_wanted).collect();
        if addresses.is_empty() {
            let source = io::Error::new(ErrorKind::AddrNotAvailable, "it has no address of this family");
            return Err(unreachable(source));
        }
        Ok(addresses)
    }

    /// The host as in a URL: an IPv6 address has brackets.
    pub fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.bracketed_host(), self.port)
    }
}

#[cfg(test)]
mod tests {
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
    }
}
