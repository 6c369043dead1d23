//! `infragpt doctor`: looks at everything, and says what to do about it.

mod clock;
mod connectors;
mod consumers;
mod dead_letters;
mod examine;
mod finding;
mod http;
mod keys;
mod nats;
mod postgresql;
mod read_models;
mod services;
mod streams;
mod users;

pub use examine::Doctor;
