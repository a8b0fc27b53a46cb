use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Type};

/// System calls made on one socket, failed ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Syscalls {
    /// `recv` and its kin.
    pub reads: u64,
    /// `send` and its kin.
    pub writes: u64,
}

impl Syscalls {
    /// All of them.
    pub const fn total(self) -> u64 {
        self.reads + self.writes
    }
}

/// How sockets are set up. What is `None` is the system's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Send at once, without waiting for acknowledgements of what went before (TCP_NODELAY).
    pub no_delay: bool,
    /// The kernel's buffer for what is sent, bytes (SO_SNDBUF).
    pub send_buffer_bytes: Option<usize>,
    /// The kernel's buffer for what is received, bytes (SO_RCVBUF).
    pub receive_buffer_bytes: Option<usize>,
    /// How long a call may block.
    pub timeout: Option<Duration>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { no_delay: true, send_buffer_bytes: None, receive_buffer_bytes: None, timeout: None }
    }
}

/// A TCP connection that counts its system calls.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    syscalls: Syscalls,
}

impl Socket {
    /// Connects to `address`, within the timeout of `options`.
    pub fn connect(address: SocketAddr, options: &SocketOptions) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        set_buffers(&socket, options)?;
        match options.timeout {
            Some(timeout) => socket.connect_timeout(&address.into(), timeout)?,
            None => socket.connect(&address.into())?,
        }
        Self::with_options(socket.into(), options)
    }

    fn with_options(stream: TcpStream, options: &SocketOptions) -> io::Result<Self> {
        stream.set_nodelay(options.no_delay)?;
        stream.set_read_timeout(options.timeout)?;
        stream.set_write_timeout(options.timeout)?;
        Ok(Self { stream, syscalls: Syscalls::default() })
    }

    /// The system calls so far.
    pub const fn syscalls(&self) -> Syscalls {
        self.syscalls
    }

    /// The TCP connection below. Calls on it are not counted.
    pub const fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether reads and writes that would wait return [`io::ErrorKind::WouldBlock`] instead.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        self.stream.set_nonblocking(on)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.syscalls.reads += 1;
        self.stream.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.syscalls.writes += 1;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A listening TCP socket.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    options: SocketOptions,
}

impl Listener {
    /// Connections that may wait to be accepted.
    const BACKLOG: i32 = 1024;

    /// Listens on `address`; port 0 lets the system choose one. `options` hold for the connections.
    pub fn bind(address: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        set_buffers(&socket, &options)?;
        socket.bind(&address.into())?;
        socket.listen(Self::BACKLOG)?;
        Ok(Self { listener: socket.into(), options })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the next connection.
    pub fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        let (stream, address) = self.listener.accept()?;
        Ok((Socket::with_options(stream, &self.options)?, address))
    }

    /// Whether [`Listener::accept`] returns [`io::ErrorKind::WouldBlock`] instead of waiting.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        SockRef::from(&self.listener).set_nonblocking(on)
    }
}

/// Buffer sizes have to be set before the connection is made: they decide the window that is offered.
fn set_buffers(socket: &socket2::Socket, options: &SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(())
}
