use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Access, FallocateFlags, OFlags, access, fallocate, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::target::{Target, descriptor, find, folder_of};

/// How long a named pipe is offered to somebody who reads it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked for them.
const LOOK: Duration = Duration::from_millis(10);

/// Writes a file. It is replaced as a whole, so that a reader, or a run that is killed, never finds half of one; where that
/// would change more than its content, or can't be done, it is written in place. Devices and pipes are written to.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    match find(path)? {
        Target::Missing(path) => {
            let new = beside(&path)?;
            fill(&new, text)?;
            new.persist(&path).map(drop).map_err(|refusal| refusal.error)
        }
        Target::Present(path, found) => replace(&path, &found, text),
        Target::Stream(path) => send(open_stream(&path)?, text),
        Target::Descriptor(number) => send(descriptor(number)?, text),
    }
}

/// Writes a file, after making the folder that it is in.
pub fn write_in_new_folder(path: &Path, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    write(path, text)
}

/// Writes at the end of a file.
pub fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    match stream(path)? {
        Some(stream) => send(stream, text),
        None => File::options().create(true).append(true).open(path)?.write_all(text),
    }
}

/// What is written to once, and not replaced: what this process has open, a device or a pipe. None where it is a file, or
/// could be one.
pub fn stream(path: &Path) -> io::Result<Option<File>> {
    match find(path)? {
        Target::Descriptor(number) => descriptor(number).map(Some),
        Target::Stream(path) => open_stream(&path).map(Some),
        Target::Missing(_) | Target::Present(..) => Ok(None),
    }
}

/// Tries whether a file could be written now, and leaves all as it is.
pub fn check(path: &Path) -> io::Result<()> {
    match find(path)? {
        Target::Missing(path) => beside(&path).map(drop),
        Target::Present(path, _) => File::options().write(true).open(path).map(drop),
        // Whoever reads a pipe would take its being opened and closed for the end.
        Target::Stream(path) => Ok(access(&path, Access::WRITE_OK)?),
        Target::Descriptor(number) => {
            let flags = fcntl_getfl(descriptor(number)?)?;
            let is_written = flags.intersects(OFlags::WRONLY | OFlags::RDWR);
            if is_written { Ok(()) } else { Err(io::Error::other("it is open for reading only")) }
        }
    }
}

/// The same for [`write_in_new_folder`].
pub fn check_in_new_folder(path: &Path) -> io::Result<()> {
    let folder = folder_of(path);
    match folder.symlink_metadata() {
        // The topmost of the folders that are to be made is tried as a file would be.
        Err(error) if error.kind() == ErrorKind::NotFound && folder != path => check_in_new_folder(folder),
        _ => check(path),
    }
}

/// Whether a file is replaced by what is written to it, and not added to: it may be written again and again.
pub fn is_replaced(path: &Path) -> bool {
    matches!(find(path), Ok(Target::Missing(_) | Target::Present(..)))
}

fn replace(path: &Path, found: &Metadata, text: &[u8]) -> io::Result<()> {
    // Who may not change a file may not replace it either.
    let mut old = File::options().write(true).open(path)?;
    let new = if found.nlink() > 1 { None } else { successor(path, found)? };
    if let Some(new) = new {
        fill(&new, text)?;
        match new.persist(path) {
            Ok(_) => return Ok(()),
            // Something is mounted there, or only the owner of the folder may take files away.
            Err(refusal) if is_pinned(&refusal.error) => {}
            Err(refusal) => return Err(refusal.error),
        }
    }
    // What there was is lost only once it is sure that there is room for what comes.
    reserve(&old, text.len() as u64)?;
    old.write_all(text)?;
    old.set_len(text.len() as u64)
}

/// Makes sure that a file may have so many bytes. File systems that can't are written to all the same.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, bytes.max(1)) {
        Err(Errno::NOSPC) => Err(ErrorKind::StorageFull.into()),
        Err(Errno::DQUOT) => Err(ErrorKind::QuotaExceeded.into()),
        Err(Errno::FBIG) => Err(ErrorKind::FileTooLarge.into()),
        _ => Ok(()),
    }
}

/// A new file that can take the place of the one that was found: of the same owners and mode. None where there is no such.
fn successor(path: &Path, found: &Metadata) -> io::Result<Option<NamedTempFile>> {
    let new = match beside(path) {
        Ok(new) => new,
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => return Err(error),
        Err(_) => return Ok(None),
    };
    let made = new.as_file().metadata()?;
    if (made.uid(), made.gid()) != (found.uid(), found.gid()) {
        return Ok(None);
    }
    new.as_file().set_permissions(found.permissions())?;
    Ok(Some(new))
}

/// A new file in the folder of another, with a name that nobody knows; it goes away unless it is persisted.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    // The mask of this process takes from the mode what it takes from those of all files.
    let made = tempfile::Builder::new()
        .prefix(".tlsbench-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(path));
    // Without the name, which would say nothing.
    made.map_err(|error| io::Error::from(error.kind()))
}

fn fill(new: &NamedTempFile, text: &[u8]) -> io::Result<()> {
    new.as_file().write_all(text)
}

fn is_pinned(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::PermissionDenied | ErrorKind::CrossesDevices)
}

/// Opens a device or a pipe. A pipe that nobody reads is an error after a while.
fn open_stream(path: &Path) -> io::Result<File> {
    let began = Instant::now();
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    loop {
        match File::options().write(true).custom_flags(flags.bits() as i32).open(path) {
            Ok(file) => {
                fcntl_setfl(&file, OFlags::empty())?;
                return Ok(file);
            }
            Err(error) if error.raw_os_error() != Some(Errno::NXIO.raw_os_error()) => return Err(error),
            Err(_) if began.elapsed() > PATIENCE => return Err(io::Error::other("nobody reads this pipe")),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

fn send(mut stream: File, text: &[u8]) -> io::Result<()> {
    match stream.write_all(text) {
        // The reader may close early: `>(head -1)` is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
