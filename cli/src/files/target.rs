use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// The maximum number of links in a path, as on Linux.
const LINKS_MAX: usize = 40;

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Target {
    /// Nothing; a file can be made there. Links are resolved.
    Missing(PathBuf),
    /// A regular file. Links are resolved.
    Present(PathBuf, Metadata),
    /// A device or a named pipe.
    Stream(PathBuf),
    /// A file descriptor of this process, such as `/dev/stdout` or a shell's `>(command)`.
    Descriptor(RawFd),
}

/// Finds what a path leads to. It is an error if that can't be written to at all.
pub(super) fn find(path: &Path) -> io::Result<Target> {
    if path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let path = match follow(path)? {
        Followed::Path(path) => path,
        Followed::Descriptor(number) => return Ok(Target::Descriptor(number)),
    };
    let found = match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Target::Missing(path)),
        found => found?,
    };
    let kind = found.file_type();
    match () {
        () if kind.is_file() => Ok(Target::Present(path, found)),
        () if kind.is_fifo() || kind.is_char_device() => Ok(Target::Stream(path)),
        () if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        () if kind.is_socket() => Err(io::Error::other("it is a socket")),
        () => Err(io::Error::other("it is a disk")),
    }
}

/// Duplicates a file descriptor of this process. The duplicate shares the offset of the file.
pub(super) fn descriptor(number: RawFd) -> io::Result<File> {
    let own: OwnedFd = match number {
        1 => io::stdout().as_fd().try_clone_to_owned()?,
        2 => io::stderr().as_fd().try_clone_to_owned()?,
        _ => numbered(number)?,
    };
    Ok(own.into())
}

#[cfg(target_os = "linux")]
fn numbered(number: RawFd) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let own = pidfd_open(getpid(), PidfdFlags::empty()).map_err(io::Error::from);
    match own.and_then(|process| Ok(pidfd_getfd(process, number, PidfdGetfdFlags::empty())?)) {
        Ok(descriptor) => Ok(descriptor),
        // Containers may forbid this.
        Err(_) => opened_anew(number),
    }
}

#[cfg(not(target_os = "linux"))]
fn numbered(number: RawFd) -> io::Result<OwnedFd> {
    opened_anew(number)
}

fn opened_anew(number: RawFd) -> io::Result<OwnedFd> {
    Ok(File::options().append(true).open(format!("/dev/fd/{number}"))?.into())
}

enum Followed {
    Path(PathBuf),
    Descriptor(RawFd),
}

/// Resolves links, even if there is nothing at their end.
fn follow(path: &Path) -> io::Result<Followed> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Some(name) = path.file_name().map(ToOwned::to_owned) else {
            return path.canonicalize().map(Followed::Path);
        };
        let folder = folder_of(&path).canonicalize()?;
        if let Some(number) = name.to_str().and_then(|name| name.parse().ok()).filter(|_| is_of_descriptors(&folder)) {
            return Ok(Followed::Descriptor(number));
        }
        path = folder.join(name);
        match path.read_link() {
            Ok(to) => path = folder.join(to),
            // It is not a link, or does not exist.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(Followed::Path(path));
            }
            Err(error) => return Err(error),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

/// The folder of a path.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_of_descriptors(folder: &Path) -> bool {
    let names = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];
    names.iter().any(|name| Path::new(name).canonicalize().is_ok_and(|known| known == folder))
}
