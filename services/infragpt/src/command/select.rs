//! What every command that reads the log can be told about what it is to read.

use anyhow::anyhow;
use chrono::Utc;
use clap::Args;
use infragpt_nats::scan::{Begin, End};
use infragpt_operations::{
    Expression, Reader, Selection,
    reading::Cut,
    selection::{Range, moment},
};
use regex::bytes::{Regex, RegexBuilder};

use crate::failure::Failure;

/// Which events.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which events")]
pub struct Select {
    /// Only this stream; may be given several times. Without: RAW_SLACK, RAW_GITHUB, RAW_CLERK and EVENTS
    #[arg(long = "stream", value_name = "STREAM")]
    streams: Vec<String>,
    /// Only subjects that match this, as NATS matches them: `events.change.acme.>`
    #[arg(long = "subject", value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// Only what is this organization's
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Only this type: `answer_posted`, `conversation.answer_posted` or `com.github.push`
    #[arg(long = "type", value_name = "TYPE")]
    kinds: Vec<String>,
    /// Only what came from this connector, or is about it
    #[arg(long, value_name = "CONNECTOR")]
    connector: Option<String>,
    /// Only what this actor did: `slack:U0MAYA`, or all of a kind: `operator`
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Only this case: the identifier of the fact that it began with
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// Only where this expression, in the language of jq, holds for the event as `--json` prints it
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,
    /// From this time on: how long ago (`2h`), a date, or RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "from_seq")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME", conflicts_with = "to_seq")]
    until: Option<String>,
    /// From this sequence on, of one stream
    #[arg(long, value_name = "SEQUENCE")]
    from_seq: Option<u64>,
    /// Up to this sequence, of one stream
    #[arg(long, value_name = "SEQUENCE")]
    to_seq: Option<u64>,
}

impl Select {
    /// Whether it says where to begin or end.
    pub fn has_range(&self) -> bool {
        self.begins() || self.ends()
    }

    /// Whether it says where to begin.
    pub fn begins(&self) -> bool {
        self.since.is_some() || self.from_seq.is_some()
    }

    /// Whether it says where to end.
    pub fn ends(&self) -> bool {
        self.until.is_some() || self.to_seq.is_some()
    }

    /// The organization that is asked for.
    pub fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// Whether it says more than which streams.
    pub fn is_narrowed(&self) -> bool {
        self.has_range()
            || self.organization.is_some()
            || self.connector.is_some()
            || self.actor.is_some()
            || self.correlation.is_some()
            || self.expression.is_some()
            || !self.kinds.is_empty()
            || !self.subjects.is_empty()
    }

    /// What is meant.
    ///
    /// # Errors
    /// When it can't be meant, with what is nearest.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long ago something is depends on what time it is"
    )]
    pub fn selection(&self) -> Result<Selection, Failure> {
        let now = Utc::now();
        let time = |text: &String| moment(text, now).map_err(|problem| Failure::usage(anyhow!(problem)));
        let begin = match (&self.since, self.from_seq) {
            (Some(since), _) => Begin::Since(time(since)?),
            (None, Some(sequence)) => Begin::At(sequence),
            (None, None) => Begin::First,
        };
        let end = match (&self.until, self.to_seq) {
            (Some(until), _) => {
                let until = time(until)?;
                if until > now {
                    return Err(Failure::usage(anyhow!(
                        "`--until` lies ahead: leave it out, and stop with Ctrl-C"
                    )));
                }
                End::Before(until)
            }
            (None, Some(sequence)) => End::At(sequence),
            (None, None) => End::Last,
        };
        let expression = self.expression.as_deref().map(Expression::parse).transpose();
        let selection = Selection {
            streams: self.streams.clone(),
            subjects: self.subjects.clone(),
            organization: self.organization.clone(),
            kinds: self.kinds.clone(),
            connector: self.connector.clone(),
            actor: self.actor.clone(),
            correlation: self.correlation.clone(),
            expression: expression.map_err(Failure::usage)?,
            pattern: None,
            range: Range { begin, end },
        };
        selection.checked().map_err(Failure::usage)
    }
}

/// How text is looked for.
#[derive(Debug, Clone, Copy, Args)]
pub struct Matching {
    /// Take the pattern as it stands
    #[arg(short = 'F', long)]
    fixed_strings: bool,
    /// Upper and lower case are the same
    #[arg(short, long)]
    ignore_case: bool,
}

impl Matching {
    /// What `text` looks for.
    ///
    /// # Errors
    /// When it is no regular expression, with what is wrong.
    pub fn pattern(self, text: &str) -> Result<Regex, Failure> {
        let text = if self.fixed_strings {
            regex::escape(text)
        } else {
            text.to_owned()
        };
        RegexBuilder::new(&text)
            .case_insensitive(self.ignore_case)
            .build()
            .map_err(|error| Failure::usage(anyhow!("the pattern can't be read: {error}")))
    }
}

/// Says on the standard error what retention took of the range.
///
/// # Errors
/// When a stream can't be asked about.
pub async fn warn_of_cuts(reader: &Reader) -> Result<(), Failure> {
    let cuts = reader.cuts().await.map_err(anyhow::Error::from)?;
    for Cut { stream, bounds } in cuts {
        let kept = match bounds.first_time {
            Some(time) => format!("begins with #{} of {}", bounds.first_sequence, time.format("%F %T UTC")),
            None => format!("is empty, and ended with #{}", bounds.last_sequence),
        };
        eprintln!("infragpt: what {stream} had before is gone: it {kept}");
    }
    Ok(())
}

/// Says on the standard error why nothing may have been found.
pub fn hint_at_nothing(selection: &Selection) {
    for kind in &selection.kinds {
        if let Some(nearest) = Selection::nearest_kind(kind) {
            eprintln!("infragpt: nothing has the type `{kind}`: did you mean `{nearest}`?");
        }
    }
}
