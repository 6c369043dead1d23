//! The vault on a real nats-server.

mod auditing;
mod cutting_off;
mod harness;
mod refreshing;
mod rotating;
mod shredding;
mod storing;
