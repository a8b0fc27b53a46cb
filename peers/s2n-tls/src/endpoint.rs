use std::fmt::Display;
use std::task::Poll;

use s2n_tls::config::Config;
use s2n_tls::connection::Connection as S2n;
use s2n_tls::enums::{Blinding, Mode};
use tls_engine::codes::ProtocolVersion;
use tlsbench::error::Error;
use tlsbench::library::{Buffers, Connection, CopyingEndpoint, Expected, Incoming, Negotiated, Room};

use crate::callbacks::Wired;
use crate::failed;
use crate::names::negotiated;
use crate::sessions::Sessions;

/// A connection over buffers in memory.
pub type S2nEndpoint = CopyingEndpoint<S2nConnection>;

/// What s2n-tls has of it.
pub struct S2nConnection {
    wired: Wired,
    expected: Expected,
    /// This side has sent close_notify.
    is_closed: bool,
}

impl S2nConnection {
    /// `client` is the name that a client asks for and verifies, and its sessions.
    pub(crate) fn new(
        mode: Mode,
        config: &Config,
        client: Option<(&str, Option<&Sessions>)>,
        expected: &Expected,
        room: Room,
    ) -> Result<Self, Error> {
        let mut connection = S2n::new(mode);
        connection.set_config(config.clone()).map_err(failed)?;
        connection.set_blinding(Blinding::SelfService).map_err(failed)?;
        connection.prefer_throughput().map_err(failed)?;
        if let Some((server_name, sessions)) = client {
            connection.set_server_name(server_name).map_err(failed)?;
            sessions.map_or(Ok(()), |sessions| sessions.resume(&mut connection))?;
        }
        let wired = Wired::new(connection, Buffers::new(room)).map_err(failed)?;
        Ok(Self { wired, expected: expected.clone(), is_closed: false })
    }

    /// Fails if s2n-tls negotiated anything else than was asked for, which a policy cannot rule out. That its policies lack
    /// something is no failure of the connection.
    fn check(&self) -> Result<(), Error> {
        let lacking = |what: &dyn Display| {
            Error::Usage(format!("s2n-tls has no policy with nothing but what was asked for: {what}"))
        };
        let told = self.negotiated().ok_or_else(|| lacking(&"what was negotiated is unknown"))?;
        told.check_parameters(&self.expected).map_err(|error| lacking(&error))
    }
}

impl Connection for S2nConnection {
    const NAME: &'static str = crate::NAME;

    #[inline]
    fn buffers(&self) -> &Buffers {
        self.wired.buffers()
    }

    #[inline]
    fn buffers_mut(&mut self) -> &mut Buffers {
        self.wired.buffers_mut()
    }

    fn shake_hands(&mut self) -> Result<bool, Error> {
        match self.wired.negotiate() {
            Poll::Pending => Ok(false),
            Poll::Ready(outcome) => {
                outcome.map_err(failed)?;
                self.check().map(|()| true)
            }
        }
    }

    #[inline]
    fn is_drained(&self) -> bool {
        self.wired.connection().peek_len() == 0
    }

    #[inline]
    fn read(&mut self, space: &mut [u8]) -> Result<Incoming, Error> {
        // In TLS 1.2 nothing but close_notify may come when this side is closed (RFC 5246 7.2.1).
        let read = if self.is_closed && self.expected.version == ProtocolVersion::TLS12 {
            self.wired.shut_down().map_ok(|()| 0)
        } else {
            self.wired.receive(space)
        };
        match read {
            Poll::Pending => Ok(Incoming::Nothing),
            Poll::Ready(Ok(0)) => Ok(Incoming::Closed),
            Poll::Ready(Ok(count)) => Ok(Incoming::Data(count)),
            Poll::Ready(Err(error)) => Err(failed(error)),
        }
    }

    #[inline]
    fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        written(self.wired.send(data))
    }

    fn close(&mut self) -> Result<(), Error> {
        self.is_closed = true;
        written(self.wired.shut_down_sending())
    }

    fn negotiated(&self) -> Option<Negotiated> {
        negotiated(self.wired.connection())
    }

    fn release_buffers(&mut self) {
        // It refuses while a part of a record is in its buffers, which then are needed.
        self.wired.release_buffers().ok();
    }
}

/// The outcome of writing, for which s2n-tls does not have to wait.
fn written<T>(outcome: Poll<Result<T, s2n_tls::error::Error>>) -> Result<T, Error> {
    match outcome {
        Poll::Ready(done) => done.map_err(failed),
        Poll::Pending => Err(failed("it waits, although the output takes all")),
    }
}
