use super::*;

fn http() -> Origin {
    Origin::Http {
        signature: format!("v0={}", "ab".repeat(32)),
        timestamp: "1732280000".to_owned(),
        retry: None,
    }
}

fn fact(body: &[u8]) -> Fact {
    match event(body, &http()) {
        Event::Fact(fact) => *fact,
        Event::Challenge(challenge) => panic!("unexpected challenge {challenge}"),
    }
}

#[test]
fn a_mention_is_stored_by_its_event_id_without_the_token() {
    let fact = fact(include_bytes!("../fixtures/app_mention.json"));
    assert_eq!(fact.subject.to_string(), "raw.slack.T0ACME.app_mention");
    assert_eq!(fact.envelope.id, "Ev0MENTION1");
    assert_eq!(fact.envelope.source, "/slack/T0ACME");
    assert_eq!(fact.envelope.kind, "com.slack.app_mention");
    assert_eq!(fact.envelope.extensions["redacted"], "token");
    assert_eq!(fact.envelope.extensions["slacktransport"], "http");
    assert_eq!(fact.payload.len(), include_bytes!("../fixtures/app_mention.json").len());
    assert!(!String::from_utf8_lossy(&fact.payload).contains("verification-token"));
}

#[test]
fn the_same_event_over_either_door_has_the_same_identity() {
    let body = include_bytes!("../fixtures/app_mention.json");
    let socket = Origin::Socket {
        envelope_id: "e-1".to_owned(),
        retry: Some(("1".to_owned(), "timeout".to_owned())),
    };
    let Event::Fact(over_socket) = event(body, &socket) else {
        panic!("a fact")
    };
    let over_http = fact(body);
    assert_eq!(over_socket.envelope.id, over_http.envelope.id);
    assert_eq!(over_socket.subject, over_http.subject);
    assert_eq!(over_socket.payload, over_http.payload);
    assert_eq!(over_socket.envelope.extensions["slackretrynum"], "1");
    assert_eq!(over_socket.envelope.extensions["slackretryreason"], "timeout");
}

#[test]
fn an_organization_wide_event_belongs_to_its_enterprise() {
    let fact = fact(br#"{"type":"event_callback","event_id":"Ev9","team_id":null,"enterprise_id":"E1","event":{"type":"app_uninstalled"}}"#);
    assert_eq!(fact.subject.to_string(), "raw.slack.E1.app_uninstalled");
}

#[test]
fn a_shared_channels_event_belongs_to_the_workspace_that_installed_us() {
    let fact = fact(br#"{"type":"event_callback","event_id":"Ev9","team_id":"T-THEIRS","event":{"type":"message"},"authorizations":[{"team_id":"T-OURS","enterprise_id":null}]}"#);
    assert_eq!(fact.subject.to_string(), "raw.slack.T-OURS.message");
}

#[test]
fn what_has_no_inner_event_is_stored_by_its_own_type() {
    let fact = fact(
        br#"{"token":"x","team_id":"T1","minute_rate_limited":1518467820,"api_app_id":"A1","type":"app_rate_limited"}"#,
    );
    assert_eq!(fact.subject.to_string(), "raw.slack.T1.app_rate_limited");
    assert_eq!(fact.envelope.id, format!("slack:{}", "ab".repeat(16)));
}

#[test]
fn malformed_json_is_stored_as_such() {
    for body in [&b"{\"type\":"[..], b"", b"\xff\xfe", b"[]", b"{\"event\": 7}"] {
        assert_eq!(fact(body).subject.to_string(), "raw.slack.-.malformed");
    }
}

#[test]
fn a_challenge_is_echoed() {
    let body = br#"{"token":"t","challenge":"3eZbrw1aB10FEMAGAZd4FyFQ","type":"url_verification"}"#;
    assert_eq!(
        event(body, &http()),
        Event::Challenge("3eZbrw1aB10FEMAGAZd4FyFQ".to_owned())
    );
}

#[test]
fn a_command_is_stored_alike_over_either_door_and_without_credentials() {
    let form = b"token=tok-1&team_id=T1&channel_id=C1&user_id=U1&command=%2Finfragpt&text=status+now&response_url=https%3A%2F%2Fhooks.slack.com%2Fsecret&trigger_id=13.trigger";
    let fact = command_form(form, &http());
    assert_eq!(fact.subject.to_string(), "raw.slack.T1.slash_commands");
    let text = String::from_utf8(fact.payload.to_vec()).unwrap();
    for secret in ["tok-1", "hooks.slack.com", "13.trigger"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["text"], "status now");
    assert_eq!(json["command"], "/infragpt");
}

#[test]
fn an_interaction_is_unpacked_from_its_form() {
    let json = r#"{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U1"},"trigger_id":"99.secret","response_url":"https://hooks.slack.com/secret","actions":[]}"#;
    let form = serde_urlencoded::to_string([("payload", json)]).unwrap();
    let fact = interaction_form(form.as_bytes(), &http());
    assert_eq!(fact.subject.to_string(), "raw.slack.T1.block_actions");
    assert!(!String::from_utf8_lossy(&fact.payload).contains("secret"));
    let missing = interaction_form(b"token=tok-1", &http());
    assert_eq!(missing.subject.to_string(), "raw.slack.-.malformed");
    assert!(!String::from_utf8_lossy(&missing.payload).contains("tok-1"));
}
