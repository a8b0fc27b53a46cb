use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::target::{Target, descriptor, find, folder_of};

/// The identity of a file, independent of its path: links and other names have the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileId {
    /// An existing file.
    Present {
        /// The device.
        device: u64,
        /// The inode number.
        inode: u64,
    },
    /// A file that does not exist yet, in a folder that does.
    Missing {
        /// The folder.
        folder: Box<FileId>,
        /// The name.
        path: PathBuf,
    },
    /// A file in a folder that does not exist yet.
    Elsewhere(PathBuf),
}

/// The identity of a file. `None` if it is not a file: what is read from a terminal is not what was written to it.
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

/// Excludes devices: what is read from one is not what was written to it.
fn open(found: &Metadata) -> Option<FileId> {
    let kind = found.file_type();
    (kind.is_file() || kind.is_fifo()).then(|| of(found))
}
