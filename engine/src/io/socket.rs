use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Type};

/// How many system calls were made, failed ones included, on a socket or by an event loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Syscalls {
    /// Reads from sockets.
    pub reads: u64,
    /// Writes to sockets.
    pub writes: u64,
    /// Polls, such as `epoll_wait`.
    pub polls: u64,
    /// Calls that raise or clear a signal.
    pub signals: u64,
    /// Calls that accept a connection, set it up, register it and close it.
    pub setups: u64,
}

impl std::ops::AddAssign for Syscalls {
    fn add_assign(&mut self, other: Self) {
        let Self { reads, writes, polls, signals, setups } = other;
        self.reads += reads;
        self.writes += writes;
        self.polls += polls;
        self.signals += signals;
        self.setups += setups;
    }
}

impl Syscalls {
    /// All of them.
    pub const fn total(self) -> u64 {
        self.reads + self.writes + self.polls + self.signals + self.setups
    }
}

/// How sockets are set up. `None` leaves a setting to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Whether to send at once, without waiting for acknowledgements (TCP_NODELAY).
    pub no_delay: bool,
    /// The kernel's send buffer, bytes (SO_SNDBUF).
    pub send_buffer_bytes: Option<usize>,
    /// The kernel's receive buffer, bytes (SO_RCVBUF).
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
    pub(super) stream: TcpStream,
    pub(super) syscalls: Syscalls,
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

    /// The system calls on this socket so far.
    pub const fn syscalls(&self) -> Syscalls {
        self.syscalls
    }

    /// The TCP connection below. Calls on it are not counted.
    pub const fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    /// Shuts down writing: the peer reads what was sent, and then the end.
    pub fn finish_writing(&mut self) -> io::Result<()> {
        self.syscalls.setups += 1;
        self.stream.shutdown(Shutdown::Write)
    }

    /// Counts a system call that was made for this socket elsewhere.
    pub const fn count_setup(&mut self) {
        self.syscalls.setups += 1;
    }

    /// Sets whether reads and writes return [`io::ErrorKind::WouldBlock`] instead of blocking.
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
    /// How many connections may wait to be accepted, if the system allows as many.
    pub const BACKLOG: usize = 1024;

    /// Listens on `address`. With port 0 the system chooses one. `options` are those of the connections.
    pub fn bind(address: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        set_buffers(&socket, &options)?;
        socket.bind(&address.into())?;
        socket.listen(Self::BACKLOG as i32)?;
        Ok(Self { listener: socket.into(), options })
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the next connection.
    pub fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        let (stream, address) = self.listener.accept()?;
        Ok((Socket::with_options(stream, &self.options)?, address))
    }

    /// The next connection if there is one. It does not block, and the timeout of the options does not apply.
    pub fn accept_nonblocking(&self) -> io::Result<(Socket, SocketAddr)> {
        let (stream, address) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        // Where this fails, the peer is gone, and the first read will fail.
        let _ = stream.set_nodelay(self.options.no_delay);
        let syscalls = Syscalls { setups: 3, ..Syscalls::default() };
        Ok((Socket { stream, syscalls }, address))
    }

    /// Sets whether [`Listener::accept`] returns [`io::ErrorKind::WouldBlock`] instead of blocking.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        SockRef::from(&self.listener).set_nonblocking(on)
    }
}

/// Buffer sizes have to be set before the connection is made, because they determine the TCP window.
pub(super) fn set_buffers(socket: &socket2::Socket, options: &SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(())
}

#[cfg(unix)]
impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

#[cfg(unix)]
impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.listener.as_raw_fd()
    }
}
