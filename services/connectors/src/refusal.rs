//! What a handler does when an aggregate refuses.

use infragpt_nats::{ExecuteError, HandlerError};
use tracing::info;

/// A refusal is a decision, not a failure: the fact is true and there is nothing to do about it. `fact` names it in the log.
///
/// # Errors
/// To be tried again when the log could not be read or written.
pub fn refused_is_done<E: std::error::Error + Send + Sync + 'static>(
    fact: &str,
    executed: Result<(), ExecuteError<E>>,
) -> Result<(), HandlerError> {
    match executed {
        Ok(()) => Ok(()),
        Err(ExecuteError::Refused(refusal)) => {
            info!(reason = %refusal, "{fact} changes nothing");
            Ok(())
        }
        Err(ExecuteError::Store(error)) => Err(HandlerError::retry(error)),
    }
}
