use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};

/// How long somebody is waited for who is to write to a named pipe.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Reads a file of at most `max` bytes. A device that never ends is too large, and a named pipe that nobody writes to is not
/// waited for.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let (file, is_pipe) = open(path)?;
    let mut bytes = Vec::new();
    // Not by the size that the file system tells: a pipe has none, and a file may grow.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {} MiB", max >> 20)));
    }
    if is_pipe && bytes.is_empty() {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it is a pipe, and nobody has written to it"));
    }
    Ok(bytes)
}

/// Opens a file without waiting for somebody who writes to it, unless they come soon.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let is_pipe = file.metadata()?.file_type().is_fifo();
    if is_pipe {
        // Before the first one comes, a pipe has nothing to say.
        poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&PATIENCE))?;
    }
    // Whoever has begun to write is waited for.
    fcntl_setfl(&file, OFlags::empty())?;
    Ok((file, is_pipe))
}
