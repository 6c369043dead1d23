//! The names of what is measured about calls to providers. Labels are closed lists: no account, no address, nothing that a provider
//! said.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Requests that were made, and calls that weren't because the circuit was open or the provider had asked to wait. Labels `connector`,
/// `operation` and `outcome`: `answered`, `refused` (4xx), `rate_limited`, `not_sent`, `unclear`, `circuit_open`, `held_back`.
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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString,
        Unit,
    };

    /// Writes down what is measured, as `name label label value`.
    #[derive(Clone, Default)]
    pub struct Notes(Arc<Mutex<Vec<String>>>);

    struct Note {
        notes: Notes,
        key: String,
    }

    impl Notes {
        pub fn of(&self, name: &str) -> Vec<String> {
            let notes = self.0.lock().unwrap();
            notes
                .iter()
                .filter_map(|note| note.strip_prefix(name))
                .map(str::to_owned)
                .collect()
        }

        fn note(&self, key: &Key) -> Arc<Note> {
            let labels: Vec<&str> = key.labels().map(metrics::Label::value).collect();
            Arc::new(Note {
                notes: self.clone(),
                key: format!("{} {}", key.name(), labels.join(" ")),
            })
        }
    }

    impl Note {
        fn write(&self, value: &str) {
            self.notes.0.lock().unwrap().push(format!("{} {value}", self.key));
        }
    }

    impl CounterFn for Note {
        fn increment(&self, value: u64) {
            self.write(&value.to_string());
        }

        fn absolute(&self, value: u64) {
            self.write(&format!("={value}"));
        }
    }

    impl GaugeFn for Note {
        fn increment(&self, value: f64) {
            self.write(&format!("+{value}"));
        }

        fn decrement(&self, value: f64) {
            self.write(&format!("-{value}"));
        }

        fn set(&self, value: f64) {
            self.write(&format!("={value}"));
        }
    }

    impl HistogramFn for Note {
        fn record(&self, _value: f64) {
            self.write("recorded");
        }
    }

    impl Recorder for Notes {
        fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
            self.0.lock().unwrap().push(format!("described {}", name.as_str()));
        }

        fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
            self.0.lock().unwrap().push(format!("described {}", name.as_str()));
        }

        fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
            self.0.lock().unwrap().push(format!("described {}", name.as_str()));
        }

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.note(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.note(key))
        }

        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.note(key))
        }
    }

    #[test]
    fn every_name_is_described() {
        let notes = Notes::default();
        metrics::with_local_recorder(&notes, super::describe);
        assert_eq!(
            notes.of("described "),
            [super::REQUESTS, super::DURATION, super::OPEN_CIRCUITS]
        );
    }
}
