use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// Creates a directory that only its owner can enter, and gives its absolute path.
pub(crate) fn create(path: &Path) -> Result<PathBuf, Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| fs::canonicalize(path))
        .map_err(Error::io(format!("create {}", path.display())))
}

/// The processes whose working directory this is, as far as we may see them: PostgreSQL's processes all work in their
/// data directory. Empty where there is no `/proc`.
pub(crate) fn processes_in(directory: &Path) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|working| working == directory))
        .collect()
}
