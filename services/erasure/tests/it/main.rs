//! Erasing on a real nats-server.

mod accounts;
mod harness;
mod integrations;
mod interrupted;
mod late;
mod organizations;
mod pages;
mod people;
