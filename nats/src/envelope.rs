//! CloudEvents 1.0 over NATS: binary mode is written, both modes are read.
//!
//! <https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md>

mod structured;

use std::{borrow::Cow, collections::BTreeMap};

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What the binding percent-encodes in a header's value: everything outside of U+0021 to U+007E, `"` and `%`.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// The attributes of a CloudEvent; its data travels beside it, untouched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `id`: unique for its source; also the `Nats-Msg-Id`.
    pub id: String,
    /// `source`: where it happened.
    pub source: String,
    /// `type`: what happened, `dev.infragpt.<aggregate>.<event>.v<n>` or the connector's own word.
    pub kind: String,
    /// `time`: when it happened.
    pub time: Option<DateTime<Utc>>,
    /// `subject`: what it happened to.
    pub subject: Option<String>,
    /// `datacontenttype`: the media type of the data.
    pub datacontenttype: Option<String>,
    /// Extension `organizationid`: whose it is.
    pub organization: Option<String>,
    /// Extension `correlationid`: the event that everything of one case goes back to.
    pub correlation: Option<String>,
    /// Extension `causationid`: the event that this one follows from.
    pub causation: Option<String>,
    /// Extension `actor`: who did it.
    pub actor: Option<String>,
    /// Extension `traceparent`: the W3C trace context.
    pub traceparent: Option<String>,
    /// Extension `clientaddress`: the network address of whoever asked for it, where somebody did.
    pub client_address: Option<String>,
    /// Extension `requestid`: the HTTP request that asked for it, where one did.
    pub request: Option<String>,
    /// Other extensions, by lower-case name.
    pub extensions: BTreeMap<String, String>,
}

/// A message that is no CloudEvent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A required attribute is missing.
    #[error("the CloudEvents attribute `{0}` is missing")]
    Missing(&'static str),
    /// An attribute's value is not what the specification allows.
    #[error("the CloudEvents attribute `{attribute}` is not valid: {problem}")]
    Invalid {
        /// Which attribute.
        attribute: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody named a stream's subject for the reply to their request, and JetStream's answer was stored there.
    #[error("it is an answer of JetStream's, led here by somebody's reply subject")]
    Copied,
    /// It says structured mode, and its payload isn't one.
    #[error("the structured CloudEvent can't be read")]
    Structured(#[source] serde_json::Error),
}

/// Whether a message is an answer of JetStream's: it was stored here because somebody named this subject for the reply to
/// their request, which the server does not check against what they may publish. `own` is how often the header is there
/// by right.
pub(crate) fn is_copied(headers: &HeaderMap, own: usize) -> bool {
    headers.get_all("Nats-Stream").count() > own
}

impl Envelope {
    /// The binary-mode headers, with `Nats-Msg-Id`.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", header_value(&self.id));
        headers.insert("ce-specversion", "1.0");
        for (name, value) in self.attributes() {
            if let Ok(name) = format!("ce-{name}").parse::<HeaderName>() {
                headers.insert(name, header_value(&value));
            }
        }
        headers
    }

    /// Every attribute that is set, besides `specversion`, by its name in the specification.
    pub fn attributes(&self) -> Vec<(&str, Cow<'_, str>)> {
        let time = self.time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let optional = [
            ("subject", &self.subject),
            ("datacontenttype", &self.datacontenttype),
            ("organizationid", &self.organization),
            ("correlationid", &self.correlation),
            ("causationid", &self.causation),
            ("actor", &self.actor),
            ("traceparent", &self.traceparent),
            ("clientaddress", &self.client_address),
            ("requestid", &self.request),
        ];
        let mut attributes: Vec<(&str, Cow<'_, str>)> = vec![
            ("id", self.id.as_str().into()),
            ("source", self.source.as_str().into()),
            ("type", self.kind.as_str().into()),
        ];
        attributes.extend(time.map(|time| ("time", time.into())));
        attributes.extend(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_deref()?.into()))),
        );
        attributes.extend(
            self.extensions
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().into())),
        );
        attributes
    }

    /// The envelope with these attributes, besides `specversion`, by their names in the specification.
    ///
    /// # Errors
    /// When a required one is missing, or one is not valid.
    pub fn from_attributes(attributes: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut envelope = Self::default();
        for (name, value) in attributes {
            envelope.set(name, value)?;
        }
        envelope.checked(Some("1.0"))?;
        Ok(envelope)
    }

    /// As [`read`](Self::read), a message that a stream stored. `own` is how often the header that answers of JetStream's
    /// carry is there by right.
    ///
    /// # Errors
    /// [`Error::Copied`], and those of [`read`](Self::read).
    pub(crate) fn read_stored(headers: &HeaderMap, own: usize, payload: &Bytes) -> Result<(Self, Bytes), Error> {
        if is_copied(headers, own) {
            return Err(Error::Copied);
        }
        Self::read(headers, payload)
    }

    /// Reads a message of either mode, with headers in any case, and returns its data beside the attributes.
    ///
    /// # Errors
    /// When it is no CloudEvent of version 1.0.
    pub(crate) fn read(headers: &HeaderMap, payload: &Bytes) -> Result<(Self, Bytes), Error> {
        let content_type = headers
            .iter()
            .find(|(name, _)| AsRef::<str>::as_ref(*name).eq_ignore_ascii_case("content-type"))
            .and_then(|(_, values)| values.first());
        if content_type.is_some_and(|value| {
            value
                .as_str()
                .to_ascii_lowercase()
                .starts_with("application/cloudevents")
        }) {
            return structured::read(payload);
        }
        let mut envelope = Self::default();
        let mut version = None;
        for (name, values) in headers.iter() {
            let name: &str = name.as_ref();
            let Some(value) = values.first() else { continue };
            let prefixed = name.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("ce-"));
            if !prefixed {
                continue;
            }
            let value = percent_decode_str(value.as_str()).decode_utf8_lossy();
            let name = name[3..].to_ascii_lowercase();
            if name == "specversion" {
                version = Some(value.into_owned());
            } else {
                envelope.set(name, value.into_owned())?;
            }
        }
        envelope.checked(version.as_deref())?;
        Ok((envelope, payload.clone()))
    }

    /// Sets the attribute with this lower-case name.
    fn set(&mut self, name: String, value: String) -> Result<(), Error> {
        match name.as_str() {
            "id" => self.id = value,
            "source" => self.source = value,
            "type" => self.kind = value,
            "time" => {
                let time = DateTime::parse_from_rfc3339(&value).map_err(|problem| Error::Invalid {
                    attribute: "time",
                    problem: problem.to_string(),
                })?;
                self.time = Some(time.to_utc());
            }
            "subject" => self.subject = Some(value),
            "datacontenttype" => self.datacontenttype = Some(value),
            "organizationid" => self.organization = Some(value),
            "correlationid" => self.correlation = Some(value),
            "causationid" => self.causation = Some(value),
            "actor" => self.actor = Some(value),
            "traceparent" => self.traceparent = Some(value),
            "clientaddress" => self.client_address = Some(value),
            "requestid" => self.request = Some(value),
            _ => {
                self.extensions.insert(name, value);
            }
        }
        Ok(())
    }

    fn checked(&self, version: Option<&str>) -> Result<(), Error> {
        match version {
            None => return Err(Error::Missing("specversion")),
            Some("1.0") => {}
            Some(other) => {
                return Err(Error::Invalid {
                    attribute: "specversion",
                    problem: format!("`{other}` is not 1.0"),
                });
            }
        }
        for (name, value) in [("id", &self.id), ("source", &self.source), ("type", &self.kind)] {
            if value.is_empty() {
                return Err(Error::Missing(name));
            }
        }
        Ok(())
    }
}

/// `value` as a header's value, encoded where the binding asks for it.
fn header_value(value: &str) -> HeaderValue {
    let encoded = utf8_percent_encode(value, ENCODED).to_string();
    // Percent-encoding left neither CR nor LF, the only characters that a header's value may not have.
    HeaderValue::from(encoded.as_str())
}

#[cfg(test)]
mod tests;
