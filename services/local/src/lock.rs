use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::process;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Error;

/// How long a predecessor, whose parent was killed, may take to be ended by its watchdog.
const PREDECESSOR: Duration = Duration::from_secs(15);

/// Who holds a lock, as the watchdog wrote it into the file.
pub(crate) struct Holder {
    /// The server.
    pub(crate) server: u32,
    /// The process that started it.
    parent: u32,
}

impl Holder {
    /// The holder, once the watchdog wrote it.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let (server, parent) = text.strip_suffix('\n')?.split_once(' ')?;
        Some(Self {
            server: server.parse().ok()?,
            parent: parent.parse().ok()?,
        })
    }

    /// Whether the lock will not be given back soon: a server whose parent is gone is being ended, and one of our own may be.
    fn stays(&self) -> bool {
        self.parent != process::id() && Path::new("/proc").join(self.parent.to_string()).exists()
    }
}

/// Takes the lock file of a server's directory. The watchdog inherits it as its standard output, so the lock lasts as
/// long as the server does, not as long as the process that started it.
///
/// # Errors
/// [`Error::InUse`] when a server with a living parent holds the lock, or another longer than a dying one would.
pub(crate) async fn take(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io(format!("open {}", path.display())))?;
    let deadline = Instant::now() + PREDECESSOR;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(Error::io(format!("lock {}", path.display()))(error)),
            Err(TryLockError::WouldBlock) => {
                let holder = Holder::read(path);
                if holder.as_ref().is_some_and(Holder::stays) || Instant::now() >= deadline {
                    return Err(Error::InUse {
                        directory: path.parent().unwrap_or(path).to_owned(),
                        pid: holder.map_or_else(|| "(unknown)".to_owned(), |holder| holder.server.to_string()),
                    });
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    file.set_len(0)
        .map_err(Error::io(format!("empty {}", path.display())))?;
    Ok(file)
}
