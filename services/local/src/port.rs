//! Loopback ports that stay ours while a server is started again.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

use crate::Error;

/// Below the ports that the operating system gives to outgoing connections, one of which would take a port between our choosing
/// and a server's listening: from 32768 on Linux, from 49152 elsewhere.
///
/// <https://docs.kernel.org/networking/ip-sysctl.html#ip-variables>, <https://www.rfc-editor.org/rfc/rfc6335#section-6>
const PORTS: Range<u16> = 10_240..32_768;

/// How many are tried.
const TRIES: usize = 64;

/// A loopback port where nothing listens.
///
/// # Errors
/// When none is found.
pub fn free_port() -> Result<u16, Error> {
    let mut tries = 0;
    loop {
        let port = fastrand::u16(PORTS);
        tries += 1;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries < TRIES => {}
            Err(error) => return Err(Error::io(format!("listen on 127.0.0.1:{port}"))(error)),
        }
    }
}

/// A free loopback port, or the wanted one if nothing listens there.
///
/// # Errors
/// [`Error::PortTaken`] when the wanted port is in use.
pub(crate) fn choose(wanted: Option<u16>) -> Result<u16, Error> {
    let Some(port) = wanted else { return free_port() };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(port),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Error::PortTaken { port }),
        Err(error) => Err(Error::io(format!("listen on 127.0.0.1:{port}"))(error)),
    }
}

/// Whether a server failed to start because someone took the free port between our choosing and its listening.
pub(crate) fn was_snatched(wanted: Option<u16>, port: u16, error: &Error) -> bool {
    wanted.is_none()
        && matches!(error, Error::Ended { .. })
        && matches!(choose(Some(port)), Err(Error::PortTaken { .. }))
}
