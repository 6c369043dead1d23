//! The names of what is measured about calls to providers. Labels are closed lists: no account, no address, nothing that a provider
//! said.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Requests that were made, and calls that weren't because the circuit was open. Labels `connector`, `operation` and `outcome`:
/// `answered`, `refused` (4xx), `rate_limited`, `not_sent`, `unclear`, `circuit_open`.
pub const REQUESTS: &str = "infragpt_connector_requests_total";

/// How long a request took until its body was read, in seconds. Labels `connector` and `operation`.
pub const DURATION: &str = "infragpt_connector_request_duration_seconds";

/// Accounts whose calls aren't sent because too many failed in a row. Label `connector`.
pub const OPEN_CIRCUITS: &str = "infragpt_connector_open_circuits";

/// Tells the recorder what they are; once, after it is installed.
pub fn describe() {
    describe_counter!(REQUESTS, "Requests to providers by connector, operation and outcome");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Duration of requests to providers until the body was read"
    );
    describe_gauge!(
        OPEN_CIRCUITS,
        "Accounts whose calls are not sent because too many failed in a row"
    );
}

pub(super) fn request(connector: &'static str, operation: &'static str, outcome: &'static str) {
    counter!(REQUESTS, "connector" => connector, "operation" => operation, "outcome" => outcome).increment(1);
}

pub(super) fn duration(connector: &'static str, operation: &'static str, took: Duration) {
    histogram!(DURATION, "connector" => connector, "operation" => operation).record(took.as_secs_f64());
}

pub(super) fn circuit(connector: &'static str, opened: bool) {
    let gauge = gauge!(OPEN_CIRCUITS, "connector" => connector);
    if opened {
        gauge.increment(1.0);
    } else {
        gauge.decrement(1.0);
    }
}
