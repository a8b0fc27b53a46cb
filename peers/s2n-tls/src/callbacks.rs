//! The only unsafe code: s2n-tls reads and writes through C callbacks, which get the address of our two buffers.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io::Write;
use std::ptr::NonNull;
use std::slice;
use std::task::Poll;

use errno::{Errno, set_errno};
use s2n_tls::connection::Connection;
use s2n_tls::error::Error;
use tlsbench::library::Buffers;

/// Buffers whose address stays the same while their owner moves. It is from `Box::into_raw`: a `Box` that moves claims that
/// no one else has its address.
struct Pinned(NonNull<Buffers>);

/// A connection with its buffers.
///
/// Nobody else gets the connection by `&mut`: whoever could swap two of them would part them from their buffers.
pub(crate) struct Wired {
    // It is dropped first, since it has the address of the buffers.
    connection: Connection,
    buffers: Pinned,
}

// SAFETY: `Pinned` owns its buffers, which are `Send`. The callbacks, which know their address, run only within calls on the
// connection.
unsafe impl Send for Pinned {}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: the pointer is from a `Box`, and nobody has it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Wired {
    /// Gives `connection` its buffers.
    pub(crate) fn new(connection: Connection, buffers: Buffers) -> Result<Self, Error> {
        let buffers = NonNull::from(Box::leak(Box::new(buffers)));
        let mut wired = Self { connection, buffers: Pinned(buffers) };
        wired.connection.set_receive_callback(Some(receive))?.set_send_callback(Some(send))?;
        let context = buffers.as_ptr().cast::<c_void>();
        // SAFETY: the buffers are dropped after the connection, which never leaves `wired`.
        unsafe { wired.connection.set_receive_context(context)?.set_send_context(context)? };
        Ok(wired)
    }

    pub(crate) fn buffers(&self) -> &Buffers {
        // SAFETY: the buffers are ours. The callbacks write to them only within calls that have `self` by `&mut`.
        unsafe { self.buffers.0.as_ref() }
    }

    pub(crate) fn buffers_mut(&mut self) -> &mut Buffers {
        // SAFETY: as in `buffers`, and `self` is borrowed exclusively.
        unsafe { self.buffers.0.as_mut() }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn negotiate(&mut self) -> Poll<Result<(), Error>> {
        self.connection.poll_negotiate().map_ok(drop)
    }

    #[inline]
    pub(crate) fn receive(&mut self, data: &mut [u8]) -> Poll<Result<usize, Error>> {
        self.connection.poll_recv(data)
    }

    #[inline]
    pub(crate) fn send(&mut self, data: &[u8]) -> Poll<Result<usize, Error>> {
        self.connection.poll_send(data)
    }

    pub(crate) fn shut_down_sending(&mut self) -> Poll<Result<(), Error>> {
        self.connection.poll_shutdown_send().map_ok(drop)
    }

    /// Also waits for the peer's close_notify.
    pub(crate) fn shut_down(&mut self) -> Poll<Result<(), Error>> {
        self.connection.poll_shutdown().map_ok(drop)
    }

    pub(crate) fn release_buffers(&mut self) -> Result<(), Error> {
        self.connection.release_buffers().map(drop)
    }
}

/// Hands out what has come from the peer.
unsafe extern "C" fn receive(context: *mut c_void, into: *mut u8, count: u32) -> c_int {
    // SAFETY: the context is the buffers of the connection that calls. Its caller has the `Wired` by `&mut`, so that no one else
    // uses them.
    let input = unsafe { &mut (*context.cast::<Buffers>()).input };
    let count = input.len().min(count as usize);
    if count == 0 {
        set_errno(Errno(libc::EWOULDBLOCK));
        return -1;
    }
    // SAFETY: s2n-tls says that there is space for this many bytes, and it does not overlap with our buffer.
    unsafe { into.copy_from_nonoverlapping(input.filled().as_ptr(), count) };
    input.consume(count);
    c_int::try_from(count).unwrap_or(c_int::MAX)
}

/// Takes what is to be sent, all of it.
unsafe extern "C" fn send(context: *mut c_void, from: *const u8, count: u32) -> c_int {
    // SAFETY: as in `receive`.
    let output = unsafe { &mut (*context.cast::<Buffers>()).output };
    // SAFETY: s2n-tls says that there are this many bytes; it has written them, and leaves them alone meanwhile.
    let bytes = unsafe { slice::from_raw_parts(from, count as usize) };
    match (output.write_all(bytes), c_int::try_from(count)) {
        (Ok(()), Ok(count)) => count,
        _ => {
            set_errno(Errno(libc::EIO));
            -1
        }
    }
}
