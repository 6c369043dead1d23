//! Reading one's own writes: a request that names the position of a write waits until the tables hold it.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use infragpt_projections::wall::Wall;

use crate::v1::Error;

/// Where in the log a write stands, as its response says it and as a request may ask for it.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("infragpt-position");

/// How long a request waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits until what the request has to see is there.
pub(super) async fn wait(wall: &Wall, position: u64) -> Result<(), Error> {
    if wall.reached(position, PATIENCE).await? {
        Ok(())
    } else {
        Err(Error::Behind)
    }
}

/// The position that a request names. Several writes have the last of theirs.
pub(super) fn wanted(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let mut wanted = None;
    for value in headers.get_all(POSITION) {
        let digits = value
            .to_str()
            .ok()
            .filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        let position = digits.and_then(|digits| digits.parse().ok());
        let position: u64 = position.ok_or_else(|| {
            Error::input("`Infragpt-Position` has to be the number that the response to a write had there.")
        })?;
        wanted = wanted.max(Some(position));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_the_greatest_number_that_is_named() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(POSITION, value.parse().unwrap());
            }
            wanted(&headers).map_err(|error| error.status().as_u16())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["7"]), Ok(Some(7)));
        assert_eq!(read(&["7", "12", "3"]), Ok(Some(12)));
        for wrong in ["", "-1", "+1", "x", "7, 12", "18446744073709551616"] {
            assert_eq!(read(&[wrong]), Err(400), "{wrong}");
        }
    }
}
