use bytes::Bytes;
use infragpt_nats::Envelope;

use super::*;

fn stored(stream: &str, subject: &str, kind: &str, payload: &'static str) -> Received {
    Received {
        envelope: Envelope {
            id: "e1".into(),
            source: "/".into(),
            kind: kind.into(),
            actor: Some("slack:U0MAYA".into()),
            correlation: Some("Ev1".into()),
            ..Envelope::default()
        },
        payload: Bytes::from_static(payload.as_bytes()),
        stream: stream.into(),
        subject: subject.into(),
        sequence: 1,
        published: DateTime::UNIX_EPOCH,
        delivered: 0,
    }
}

fn answered() -> Received {
    stored(
        "EVENTS",
        "events.conversation.acme.5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04.answer_posted",
        "dev.infragpt.conversation.answer_posted.v1",
        r#"{"text": "4 changes", "place": {"connector": "slack"}}"#,
    )
}

fn with(say: impl FnOnce(&mut Selection)) -> Selection {
    let mut selection = Selection::default();
    say(&mut selection);
    selection
}

#[test]
fn each_filter_lets_through_what_it_names() {
    let event = answered();
    let kind = |kind: &str| with(|it| it.kinds = vec![kind.into()]);
    let organization = |name: &str| with(|it| it.organization = Some(name.into()));
    let actor = |actor: &str| with(|it| it.actor = Some(actor.into()));
    let case = |id: &str| with(|it| it.correlation = Some(id.into()));
    let connector = |name: &str| with(|it| it.connector = Some(name.into()));
    let pattern = |text: &str| with(|it| it.pattern = Some(Regex::new(text).unwrap()));
    let expression = |text: &str| with(|it| it.expression = Some(Expression::parse(text).unwrap()));
    for (selection, expected) in [
        (Selection::default(), true),
        (kind("answer_posted"), true),
        (kind("conversation.answer_posted"), true),
        (kind("dev.infragpt.conversation.answer_posted.v1"), true),
        (kind("posted"), false),
        (organization("acme"), true),
        (organization("globex"), false),
        (actor("slack"), true),
        (actor("slack:U0MAYA"), true),
        (actor("slack:U"), false),
        (case("Ev1"), true),
        (case("e1"), true),
        (case("Ev2"), false),
        (connector("slack"), true),
        (connector("github"), false),
        (pattern("4 ch"), true),
        (pattern("U0MAYA"), true),
        (pattern("5 ch"), false),
        (expression(".data.text"), true),
        (expression(".data.text == 4"), false),
    ] {
        assert_eq!(selection.matches(&event), expected, "{selection:?}");
    }
}

#[test]
fn what_the_server_can_filter_it_filters() {
    let selection = Selection {
        organization: Some("acme".into()),
        kinds: vec!["answer_posted".into()],
        ..Selection::default()
    };
    assert_eq!(
        selection.subjects_of("EVENTS", &[]),
        Some(vec!["events.conversation.acme.*.answer_posted".to_owned()])
    );
    assert_eq!(
        selection.subjects_of("RAW_SLACK", &[]),
        None,
        "acme has no account there"
    );
    assert_eq!(
        selection.subjects_of("RAW_CLERK", &[]),
        Some(vec!["raw.clerk.acme.>".to_owned()])
    );
    let ambiguous = Selection {
        kinds: vec!["created".into(), "recorded".into()],
        ..Selection::default()
    };
    assert_eq!(
        ambiguous.subjects_of("EVENTS", &[]),
        Some(vec![]),
        "several aggregates have such an event"
    );
    let one = Selection {
        subjects: vec!["events.change.>".into()],
        ..Selection::default()
    };
    assert_eq!(one.subjects_of("RAW_GITHUB", &[]), None);
    assert_eq!(one.subjects_of("EVENTS", &[]), Some(vec!["events.change.>".to_owned()]));
    let any = Selection {
        subjects: vec!["raw.github.>".into(), ">".into()],
        ..Selection::default()
    };
    assert_eq!(any.subjects_of("RAW_GITHUB", &[]).unwrap().len(), 2);
    assert_eq!(any.subjects_of("EVENTS", &[]), Some(vec![">".to_owned()]));
}

#[test]
fn mistakes_name_what_is_nearest() {
    let complaint = |selection: Selection| selection.checked().unwrap_err().to_string();
    let stream = complaint(Selection {
        streams: vec!["event".into()],
        ..Selection::default()
    });
    assert!(stream.contains("did you mean EVENTS?"), "{stream}");
    let credentials = complaint(Selection {
        streams: vec!["CREDENTIALS".into()],
        ..Selection::default()
    });
    assert!(
        credentials.starts_with("there is no stream `CREDENTIALS` to read"),
        "{credentials}"
    );
    let range = Range {
        begin: Begin::At(4),
        end: End::Last,
    };
    assert_eq!(
        Selection {
            range,
            ..Selection::default()
        }
        .checked()
        .unwrap_err(),
        Error::SequenceOfMany
    );
    let range = Range {
        begin: Begin::At(4),
        end: End::At(3),
    };
    let backwards = Selection {
        streams: vec!["events".into()],
        range,
        ..Selection::default()
    };
    assert_eq!(backwards.checked().unwrap_err(), Error::Backwards);
    for subject in ["events..x", "events.>.x", "", "a b", "events.a*"] {
        let wrong = Selection {
            subjects: vec![subject.into()],
            ..Selection::default()
        };
        assert_eq!(wrong.checked().unwrap_err(), Error::Subject(subject.to_owned()));
    }
    assert_eq!(
        Selection::nearest_kind("anwser_posted").as_deref(),
        Some("answer_posted")
    );
    assert_eq!(Selection::nearest_kind("answer_posted"), None);
}

#[test]
fn moments_are_written_in_three_ways() {
    let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
    let at = |text| moment(text, now).unwrap().to_rfc3339();
    assert_eq!(at("2h"), "2026-11-22T10:00:00+00:00");
    assert_eq!(at("1day 30m"), "2026-11-21T11:30:00+00:00");
    assert_eq!(at("2026-11-20"), "2026-11-20T00:00:00+00:00");
    assert_eq!(at("2026-11-20T01:00:00+01:00"), "2026-11-20T00:00:00+00:00");
    let wrong = moment("yesterday", now).unwrap_err();
    assert!(wrong.starts_with("`yesterday` is no time"), "{wrong}");
}
