//! Transports: blocking streams, an event loop, sockets and signals. Only this module makes system calls, and it counts them.

#[cfg(all(unix, feature = "event-loop"))]
mod connecting;
#[cfg(all(unix, feature = "event-loop"))]
pub mod event_loop;
mod polled;
#[cfg(all(unix, feature = "signal"))]
mod signal_fd;
mod socket;
mod step;
mod stream;
mod stream_error;

pub use polled::PolledStream;
#[cfg(all(unix, feature = "signal"))]
pub use signal_fd::SignalFd;
pub use socket::{Listener, Socket, SocketOptions, Syscalls};
pub use step::{Filled, fill, flush};
pub use stream::{Stream, StreamParts};
pub use stream_error::{StreamError, write_failure};
