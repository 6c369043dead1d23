//! The role `integrations` on a real nats-server, with a forge that exists here alone.

mod audited;
mod deleted;
mod forge;
mod harness;
mod positions;
