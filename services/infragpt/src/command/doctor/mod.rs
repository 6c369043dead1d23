//! `infragpt doctor`: looks at everything, and says what to do about it.

mod consumers;
mod examine;
mod finding;
mod nats;
mod services;
mod streams;

pub use examine::Doctor;
