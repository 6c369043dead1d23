//! What our buttons are called in the interactions that follow from pressing them.

/// How good an answer was: `good:<answer>` or `bad:<answer>`.
pub(in crate::slack) const FEEDBACK: &str = "infragpt_feedback";

/// End an answer, by its identity.
pub(in crate::slack) const STOP: &str = "infragpt_stop";

/// Where an answer came from, by its identity.
pub(in crate::slack) const EXPLAIN: &str = "infragpt_explain";

/// Let an action happen, by its identity.
pub(in crate::slack) const APPROVE: &str = "infragpt_approve";

/// Do not let an action happen, by its identity.
pub(in crate::slack) const DENY: &str = "infragpt_deny";

/// A link to a page, which the browser opens: pressing it asks us for nothing.
pub(in crate::slack) const LINK: &str = "infragpt_link";
