//! Sockets. The one room that makes system calls, and counts them.

mod socket;
mod step;
mod stream;

pub use socket::{Listener, Socket, SocketOptions, Syscalls};
pub use step::{Filled, fill, flush};
pub use stream::{Stream, StreamError};
