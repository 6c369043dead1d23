use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};
use ring::digest;

use crate::{Error, directory};

/// Where clusters go that can't be where they were asked for.
const RELOCATED: &str = "/var/lib/infragpt";

/// PostgreSQL refuses to run as root; everyone else runs it as themselves.
///
/// # Errors
/// [`Error::NoUser`] when we are root and there is nobody else.
pub(super) fn user() -> Result<Option<User>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let known = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten());
    known.map(Some).ok_or(Error::NoUser)
}

/// Creates the directory, belonging to the server's user and reachable for it, and gives its real path.
///
/// Another user than ours has to be let through every directory above. Temporary ones are opened to that user's group, no
/// further. Others, such as a home directory, are left as they are: the data goes to `/var/lib/infragpt`, and the
/// wanted path becomes a link.
pub(super) fn create(wanted: &Path, user: Option<&User>) -> Result<PathBuf, Error> {
    let mut home = directory::create(wanted)?;
    let Some(user) = user else { return Ok(home) };
    let closed: Vec<PathBuf> = home
        .ancestors()
        .skip(1)
        .filter(|above| !lets_through(above, user))
        .map(Path::to_owned)
        .collect();
    if !closed.is_empty() {
        let temporary = fs::canonicalize(std::env::temp_dir()).unwrap_or_default();
        if closed
            .iter()
            .all(|above| above.starts_with(&temporary) && *above != temporary)
        {
            for above in &closed {
                let_through(above, user)?;
            }
        } else {
            home = relocate(&home)?;
            tracing::info!(
                "PostgreSQL runs as `{}`, who can't reach {}: its data is in {}",
                user.name,
                wanted.display(),
                home.display()
            );
        }
    }
    give(&home, user)?;
    Ok(home)
}

/// Makes a file or directory the server's user's own.
pub(super) fn give(path: &Path, user: &User) -> Result<(), Error> {
    chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(Error::io(format!(
        "give {} to `{}`",
        path.display(),
        user.name
    )))
}

fn lets_through(directory: &Path, user: &User) -> bool {
    fs::metadata(directory).is_ok_and(|metadata| {
        let execute = if metadata.uid() == user.uid.as_raw() {
            0o100
        } else if metadata.gid() == user.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        metadata.mode() & execute != 0
    })
}

fn let_through(directory: &Path, user: &User) -> Result<(), Error> {
    let open = || {
        let mode = fs::metadata(directory)?.mode();
        // The group that could list it can't any more; the new one may only pass.
        chown(directory, None, Some(user.gid.as_raw()))?;
        fs::set_permissions(directory, Permissions::from_mode(mode & 0o7707 | 0o010))
    };
    open().map_err(Error::io(format!(
        "let `{}` through {}",
        user.name,
        directory.display()
    )))
}

fn relocate(wanted: &Path) -> Result<PathBuf, Error> {
    let name = hex::encode(digest::digest(&digest::SHA256, wanted.as_os_str().as_encoded_bytes()));
    let home = Path::new(RELOCATED).join(&name[..16]);
    let relocate = || {
        DirBuilder::new().recursive(true).mode(0o755).create(RELOCATED)?;
        // The link to it is gone, so this belonged to a directory that someone has deleted.
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::remove_dir(wanted)?;
        DirBuilder::new().mode(0o700).create(&home)?;
        symlink(&home, wanted)
    };
    relocate().map_err(Error::io(format!("put {} into {}", wanted.display(), home.display())))?;
    Ok(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_temporary_directory_is_opened_to_the_servers_user_only() {
        let Some(user) = user().unwrap() else { return };
        let outer = tempfile::tempdir().unwrap();
        fs::set_permissions(outer.path(), Permissions::from_mode(0o700)).unwrap();
        let home = create(&outer.path().join("inner/postgres"), Some(&user)).unwrap();
        assert!(home.ancestors().skip(1).all(|above| lets_through(above, &user)));
        assert_eq!(fs::metadata(outer.path()).unwrap().mode() & 0o777, 0o710);
        assert_eq!(fs::metadata(&home).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&home).unwrap().uid(), user.uid.as_raw());
    }

    #[test]
    fn a_relocated_home_is_found_again_and_does_not_outlive_its_link() {
        if user().unwrap().is_none() {
            return;
        }
        let outer = tempfile::tempdir().unwrap();
        let wanted = directory::create(&outer.path().join("postgres")).unwrap();
        let home = relocate(&wanted).unwrap();
        fs::write(home.join("kept"), "").unwrap();
        assert_eq!(directory::create(&wanted).unwrap(), home);
        fs::remove_file(&wanted).unwrap();
        directory::create(&wanted).unwrap();
        assert_eq!(relocate(&wanted).unwrap(), home);
        assert!(!home.join("kept").exists());
        fs::remove_dir_all(home).unwrap();
    }
}
