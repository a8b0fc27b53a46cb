use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::io::Errno;
use socket2::{Domain, Protocol, Type};

use super::socket::{Socket, SocketOptions, Syscalls, set_buffers};

impl Socket {
    /// Begins to connect to `address`, from the address `bind` if there is one, and returns whether that is done already. If not, the
    /// socket is reported as writable once it is, or has failed; [`TcpStream::take_error`](std::net::TcpStream::take_error) tells which. The socket does not block, and the
    /// timeout of the options does not apply.
    pub fn connect_nonblocking(
        address: SocketAddr,
        bind: Option<IpAddr>,
        options: &SocketOptions,
    ) -> io::Result<(Self, bool)> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        set_buffers(&socket, options)?;
        socket.set_tcp_nodelay(options.no_delay)?;
        if let Some(bind) = bind {
            socket.bind(&SocketAddr::new(bind, 0).into())?;
        }
        let is_connected = match socket.connect(&address.into()) {
            Ok(()) => true,
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => false,
            Err(error) => return Err(error),
        };
        // Made, not blocking, without delay, connected.
        let syscalls = Syscalls { setups: 4, ..Syscalls::default() };
        Ok((Self { stream: socket.into(), syscalls }, is_connected))
    }
}
