//! Structured mode: the whole event is one JSON document.

use bytes::Bytes;
use chrono::DateTime;
use cloudevents::{AttributesReader as _, Data, Event};

use super::{Envelope, Error};

/// Reads `application/cloudevents+json`.
pub(super) fn read(payload: &[u8]) -> Result<(Envelope, Bytes), Error> {
    let mut event: Event = serde_json::from_slice(payload).map_err(Error::Structured)?;
    let (_, _, data) = event.take_data();
    let data = match data {
        None => Bytes::new(),
        Some(Data::Binary(binary)) => binary.into(),
        Some(Data::String(text)) => text.into(),
        Some(Data::Json(json)) => json.to_string().into(),
    };
    let mut envelope = Envelope {
        id: event.id().to_owned(),
        source: event.source().clone(),
        kind: event.ty().to_owned(),
        time: event
            .time()
            .and_then(|time| DateTime::from_timestamp(time.timestamp(), time.timestamp_subsec_nanos())),
        subject: event.subject().map(str::to_owned),
        datacontenttype: event.datacontenttype().map(str::to_owned),
        ..Envelope::default()
    };
    for (name, value) in event.iter_extensions() {
        envelope.set(name.to_ascii_lowercase(), value.to_string())?;
    }
    envelope.checked(Some("1.0"))?;
    Ok((envelope, data))
}
