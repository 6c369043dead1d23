//! The sandbox from outside: every test starts one and speaks to it over its sockets.

mod app;
mod clerk_pages;
mod clerk_tokens;
mod clerk_webhooks;
mod events_api;
mod faults;
mod github;
mod github_client;
mod github_deliveries;
mod github_installation;
mod github_limit;
mod github_oauth;
mod github_pages;
mod github_runs;
mod page;
mod sdk;
mod slack_oauth;
mod slack_streams;
mod slack_surface;
mod slack_uninstall;
mod socket_mode;
mod web_api;
mod world;

use world::{World, location};
