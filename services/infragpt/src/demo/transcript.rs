//! How the demo tells what happened.

use infragpt_nats::Received;

/// A step of the scenario.
pub(super) fn step(number: &str, title: &str) {
    println!(
        "\n── {number}. {title} {}",
        "─".repeat(90_usize.saturating_sub(title.chars().count()))
    );
}

/// Something that was done.
pub(super) fn done(text: &str) {
    println!("  → {text}");
}

/// Something that was observed.
pub(super) fn observed(text: &str) {
    println!("  ✓ {text}");
}

/// A stored message: where, what, who.
pub(super) fn stored(received: &Received) {
    let envelope = &received.envelope;
    let actor = envelope
        .actor
        .as_deref()
        .map(|actor| format!("  by {actor}"))
        .unwrap_or_default();
    println!(
        "    {:<11} #{:<3} {}{actor}",
        received.stream, received.sequence, received.subject
    );
}

/// What stands in the thread.
pub(super) fn quoted(text: &str) {
    for line in text.lines() {
        println!("    │ {line}");
    }
}
