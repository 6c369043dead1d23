//! Against a real nats-server with the streams and users of the product.

mod handling;
mod inbound;
mod installation;
mod redelivery;
mod services;
