use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::retry_on_intr;
use zeroize::Zeroizing;

/// How long somebody is waited for who is to write to a named pipe.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Reads a file of at most `max` bytes. A device that never ends is too large, and a named pipe that nobody writes to is not
/// waited for.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let (file, is_pipe) = open(path)?;
    let mut bytes = Vec::new();
    // Not by the size that the file system tells: a pipe has none, and a file may grow.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    check(bytes.len(), max, is_pipe)?;
    Ok(bytes)
}

/// The same for what may be secret: it is read into one buffer, which is never moved, and wiped when it is dropped.
pub fn read_secret(path: &Path, max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let (mut file, is_pipe) = open(path)?;
    let mut bytes = Zeroizing::new(vec![0; max + 1]);
    let mut len = 0;
    while len < bytes.len() {
        match file.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(count) => len += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    check(len, max as u64, is_pipe)?;
    bytes.truncate(len);
    Ok(bytes)
}

fn check(len: usize, max: u64, is_pipe: bool) -> io::Result<()> {
    if len as u64 > max {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {} MiB", max >> 20)));
    }
    if is_pipe && len == 0 {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it is a pipe, and nobody has written to it"));
    }
    Ok(())
}

/// Opens a file without waiting for somebody who writes to it, unless they come soon.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let is_pipe = file.metadata()?.file_type().is_fifo();
    if is_pipe {
        // Before the first one comes, a pipe has nothing to say.
        retry_on_intr(|| poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&PATIENCE)))?;
    }
    // Whoever has begun to write is waited for.
    fcntl_setfl(&file, OFlags::empty())?;
    Ok((file, is_pipe))
}
