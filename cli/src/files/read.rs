use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::retry_on_intr;
use zeroize::Zeroizing;

/// How long to wait for a writer of a named pipe.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Reads a file of at most `max` bytes. An endless device is too large. A named pipe without a writer is waited
/// for only briefly.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let (file, is_pipe) = open(path)?;
    let mut bytes = Vec::new();
    // The size reported by the file system is not used: a pipe has none, and a file may grow.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    check(bytes.len(), max, is_pipe)?;
    Ok(bytes)
}

/// The same for secrets: the file is read into one buffer, which is never moved, and is wiped when dropped.
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

/// Opens a file. Waits only briefly for the first writer of a pipe.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let is_pipe = file.metadata()?.file_type().is_fifo();
    if is_pipe {
        // A pipe has nothing to read before its first writer comes.
        retry_on_intr(|| poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&PATIENCE)))?;
    }
    // From here on, reads wait for the writer.
    fcntl_setfl(&file, OFlags::empty())?;
    Ok((file, is_pipe))
}
