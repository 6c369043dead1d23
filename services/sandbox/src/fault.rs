use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;

/// What goes wrong with a call of the Web API or GitHub's REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call takes effect, its response never comes.
    HangAfter,
    /// The call has no effect and answers with this error.
    Error(String),
    /// The call has no effect and answers 429 with `Retry-After` in seconds.
    RateLimit(u64),
    /// The call waits before it takes effect.
    Delay(Duration),
}

/// Body of the control verb `fault`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Planned {
    /// Slack's method name, `github.<operation>`, or `*` for every call.
    method: String,
    kind: Kind,
    /// How many calls are hit; 1 unless told.
    #[serde(default = "once")]
    times: u32,
    /// For `delay`.
    ms: Option<u64>,
    /// For `error`.
    error: Option<String>,
    /// For `rate_limit`, in seconds.
    retry_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    HangAfter,
    Error,
    RateLimit,
    Delay,
}

fn once() -> u32 {
    1
}

/// The faults that still have to happen, in the order in which they were planned.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Planned>>);

impl Faults {
    pub(crate) fn plan(&self, planned: Planned) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes the fault that hits this call, if one does.
    pub(crate) fn take(&self, method: &str) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = faults
            .iter()
            .position(|fault| fault.times > 0 && (fault.method == method || fault.method == "*"))?;
        let planned = &mut faults[index];
        planned.times -= 1;
        let fault = match planned.kind {
            Kind::HangAfter => Fault::HangAfter,
            Kind::Error => Fault::Error(planned.error.clone().unwrap_or_else(|| "internal_error".into())),
            Kind::RateLimit => Fault::RateLimit(planned.retry_after.unwrap_or(1)),
            Kind::Delay => Fault::Delay(Duration::from_millis(planned.ms.unwrap_or(1000))),
        };
        if planned.times == 0 {
            faults.remove(index);
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_method_as_often_as_planned() {
        let faults = Faults::default();
        let planned = r#"{"method":"chat.update","kind":"rate_limit","times":2,"retry_after":7}"#;
        faults.plan(serde_json::from_str(planned).unwrap());
        assert_eq!(faults.take("chat.postMessage"), None);
        assert_eq!(faults.take("chat.update"), Some(Fault::RateLimit(7)));
        assert_eq!(faults.take("chat.update"), Some(Fault::RateLimit(7)));
        assert_eq!(faults.take("chat.update"), None);
    }
}
