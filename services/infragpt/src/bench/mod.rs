//! `infragpt bench`: what the product costs, beside the bare NATS operations of the same run.

mod api;
mod credentials;
mod events;
mod figures;
mod footprint;
mod ingest;
mod load;
mod mentions;
mod plan;
mod rebuild;
mod report;
mod run;
mod workspaces;

pub use run::{Arguments, run};
