//! Secret bytes: overwritten when they are dropped, and never shown.

use std::{fmt, io};

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// Secret bytes: overwritten when they are dropped, and never shown. They can't be serialized by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// A secret that isn't what was expected. It says nothing of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret does not have the expected shape")]
pub struct ShapeError;

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever uses them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// `value` as JSON. It is written into one piece of memory, so that no half of it stays behind.
    ///
    /// # Errors
    /// [`ShapeError`] when it can't be written as JSON.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, ShapeError> {
        let mut length = Length(0);
        serde_json::to_writer(&mut length, value).map_err(|_| ShapeError)?;
        // A vector that grows leaves its old memory as it was.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        serde_json::to_writer(&mut *bytes, value).map_err(|_| ShapeError)?;
        Ok(Self(bytes))
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// [`ShapeError`], which does not repeat what it found, as the JSON reader's own error would.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ShapeError> {
        serde_json::from_slice(&self.0).map_err(|_| ShapeError)
    }
}

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new(b"xoxb-secret".to_vec());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        let error = secret.parse::<Value>().unwrap_err();
        assert_eq!(error.to_string(), "the secret does not have the expected shape");
    }

    #[test]
    fn json_goes_in_and_comes_out() {
        let value = json!({ "access_token": "xoxb-1", "scopes": ["a", "b"], "ü": 1.5 });
        let secret = Secret::json(&value).unwrap();
        assert_eq!(secret.parse::<Value>(), Ok(value));
        assert_eq!(secret.0.capacity(), secret.0.len(), "it was written in one piece");
        assert_eq!(secret.parse::<Vec<String>>(), Err(ShapeError));
    }
}
