//! GitHub: signed webhooks with realistic payloads, and the part of the REST API that an installed app uses.

mod assertion;
mod payload;
mod rest;
mod subject;
mod webhook;

pub(crate) use assertion::public_key;
pub(crate) use payload::{About, merge, payload};
pub(crate) use rest::{Tokens, routes};
pub(crate) use webhook::{Webhook, deliver};
