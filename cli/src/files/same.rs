use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::target::{Target, descriptor, find, folder_of};

/// Where a file is, whatever its path says: by links and by other names it is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileId {
    /// One that is there.
    Present {
        /// The device.
        device: u64,
        /// The file's number on it.
        inode: u64,
    },
    /// One that is not there yet, in a folder that is.
    Missing {
        /// The folder.
        folder: Box<FileId>,
        /// The name.
        path: PathBuf,
    },
    /// One in a folder that is not there yet.
    Elsewhere(PathBuf),
}

/// Where a file is. None for what is no file: what is written to a terminal is not what is read from it.
pub fn file_id(path: &Path) -> Option<FileId> {
    match find(path) {
        Ok(Target::Present(_, found)) => Some(of(&found)),
        Ok(Target::Missing(path)) => {
            let folder = folder_of(&path).metadata().map(|found| Box::new(of(&found)));
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            Some(folder.map_or(FileId::Elsewhere(path), |folder| FileId::Missing { folder, path: name }))
        }
        Ok(Target::Descriptor(number)) => {
            descriptor(number).and_then(|file| file.metadata()).ok().as_ref().and_then(open)
        }
        Ok(Target::Stream(path)) => path.metadata().ok().as_ref().and_then(open),
        Err(_) => std::path::absolute(path).ok().map(FileId::Elsewhere),
    }
}

fn of(found: &Metadata) -> FileId {
    FileId::Present { device: found.dev(), inode: found.ino() }
}

/// Devices give to everyone something else than they were given.
fn open(found: &Metadata) -> Option<FileId> {
    let kind = found.file_type();
    (kind.is_file() || kind.is_fifo()).then(|| of(found))
}
