use std::net::{Ipv4Addr, TcpListener};

use crate::Error;

/// A free loopback port, or the wanted one if nothing listens there.
///
/// # Errors
/// [`Error::PortTaken`] when the wanted port is in use.
pub(crate) fn choose(wanted: Option<u16>) -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted.unwrap_or(0))).map_err(|error| match wanted {
        Some(port) if error.kind() == std::io::ErrorKind::AddrInUse => Error::PortTaken { port },
        _ => Error::io(format!("listen on 127.0.0.1:{}", wanted.unwrap_or(0)))(error),
    })?;
    Ok(listener
        .local_addr()
        .map_err(Error::io("read the address of a new socket"))?
        .port())
}

/// Whether a server failed to start because someone took the free port between our choosing and its listening.
pub(crate) fn was_snatched(wanted: Option<u16>, port: u16, error: &Error) -> bool {
    wanted.is_none()
        && matches!(error, Error::Ended { .. })
        && matches!(choose(Some(port)), Err(Error::PortTaken { .. }))
}
