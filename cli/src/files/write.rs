use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Access, FallocateFlags, OFlags, access, fallocate, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::target::{Target, descriptor, find, folder_of};

/// How long to wait for a reader of a named pipe.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to check for a reader.
const LOOK: Duration = Duration::from_millis(10);

/// Writes a file. It is replaced as a whole, so that neither a reader nor a killed run ever leaves half of one. If that
/// would change more than its content, or is impossible, it is written in place. Devices and pipes are written
/// directly.
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

/// Writes a file, after creating its folder.
pub fn write_in_new_folder(path: &Path, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    write(path, text)
}

/// Appends to a file.
pub fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    match stream(path)? {
        Some(stream) => send(stream, text),
        None => File::options().create(true).append(true).open(path)?.write_all(text),
    }
}

/// Opens what is written once and never replaced: a file descriptor of this process, a device or a pipe. `None` if it
/// is a regular file, or could become one.
pub fn stream(path: &Path) -> io::Result<Option<File>> {
    match find(path)? {
        Target::Descriptor(number) => descriptor(number).map(Some),
        Target::Stream(path) => open_stream(&path).map(Some),
        Target::Missing(_) | Target::Present(..) => Ok(None),
    }
}

/// Checks that a file could be written now, without changing anything.
pub fn check(path: &Path) -> io::Result<()> {
    match find(path)? {
        Target::Missing(path) => beside(&path).map(drop),
        Target::Present(path, _) => File::options().write(true).open(path).map(drop),
        // Opening and closing a pipe would look like the end of the data to its reader.
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
        // The topmost folder to be created is checked as a file would be.
        Err(error) if error.kind() == ErrorKind::NotFound && folder != path => check_in_new_folder(folder),
        _ => check(path),
    }
}

/// Whether writing to a file replaces it, rather than appending: then it may be written repeatedly.
pub fn is_replaced(path: &Path) -> bool {
    matches!(find(path), Ok(Target::Missing(_) | Target::Present(..)))
}

fn replace(path: &Path, found: &Metadata, text: &[u8]) -> io::Result<()> {
    // Replacing a file requires permission to change it.
    let mut old = File::options().write(true).open(path)?;
    let new = if found.nlink() > 1 { None } else { successor(path, found)? };
    if let Some(new) = new {
        fill(&new, text)?;
        match new.persist(path) {
            Ok(_) => return Ok(()),
            // The file is a mount point, or only the owner of the folder may remove files.
            Err(refusal) if is_pinned(&refusal.error) => {}
            Err(refusal) => return Err(refusal.error),
        }
    }
    // The old content is lost only once there is certain to be space for the new one.
    reserve(&old, text.len() as u64)?;
    old.write_all(text)?;
    old.set_len(text.len() as u64)
}

/// Reserves space for a file of this size. On file systems that can't, it does nothing.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, bytes.max(1)) {
        Err(Errno::NOSPC) => Err(ErrorKind::StorageFull.into()),
        Err(Errno::DQUOT) => Err(ErrorKind::QuotaExceeded.into()),
        Err(Errno::FBIG) => Err(ErrorKind::FileTooLarge.into()),
        _ => Ok(()),
    }
}

/// A new file that can replace the existing one, with the same owners and mode. `None` if that is impossible.
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

/// A new file in the same folder, with an unguessable name. It is deleted unless it is persisted.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    // The umask of this process restricts the mode, as for all files.
    let made = tempfile::Builder::new()
        .prefix(".tlsbench-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(path));
    // The error is without the name, which would mean nothing to the user.
    made.map_err(|error| io::Error::from(error.kind()))
}

fn fill(new: &NamedTempFile, text: &[u8]) -> io::Result<()> {
    new.as_file().write_all(text)
}

fn is_pinned(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::PermissionDenied | ErrorKind::CrossesDevices)
}

/// Opens a device or a pipe. A pipe without a reader is an error after a while.
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
        // The reader may close early: `>(head -1)` is not a failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
