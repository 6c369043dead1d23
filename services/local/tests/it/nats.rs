use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use infragpt_local::{Error, NatsServer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::{nats_options, runs};

/// One request and its reply over the bare protocol, so that the test depends on no client.
async fn request(server: &NatsServer, subject: &str, payload: &str) -> String {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", server.port())).await.unwrap());
    let connect = r#"{"user":"tester","pass":"p0000","verbose":false}"#;
    let text = format!(
        "CONNECT {connect}\r\nSUB reply 1\r\nPUB {subject} reply {}\r\n{payload}\r\n",
        payload.len()
    );
    stream.get_mut().write_all(text.as_bytes()).await.unwrap();
    let mut line = String::new();
    while !line.starts_with("MSG") {
        line.clear();
        assert_ne!(stream.read_line(&mut line).await.unwrap(), 0, "the server hung up");
        assert!(!line.starts_with("-ERR"), "{line}");
    }
    line.clear();
    stream.read_line(&mut line).await.unwrap();
    line
}

#[tokio::test]
async fn a_killed_server_restarts_on_its_port_with_its_streams() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = NatsServer::start(nats_options(directory.path())).await.unwrap();
    let (port, pid) = (server.port(), server.pid());
    assert_eq!(server.url(), format!("nats://127.0.0.1:{port}"));
    let created = request(
        &server,
        "$JS.API.STREAM.CREATE.KEPT",
        r#"{"name":"KEPT","subjects":["kept"]}"#,
    )
    .await;
    assert!(created.contains(r#""did_create":true"#), "{created}");
    assert!(request(&server, "kept", "one").await.contains(r#""seq":1"#));

    server.kill().await.unwrap();
    assert!(!runs(pid));
    assert_eq!(server.ended().await.unwrap().to_string(), "signal: 9 (SIGKILL)");

    server.restart().await.unwrap();
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert!(request(&server, "kept", "two").await.contains(r#""seq":2"#));

    server.restart().await.unwrap();
    assert!(request(&server, "kept", "three").await.contains(r#""seq":3"#));
    let pid = server.pid();
    server.stop().await.unwrap();
    assert!(!runs(pid));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut options = nats_options(directory.path());
    options.port = Some(port);
    let error = NatsServer::start(options).await.unwrap_err();
    assert!(
        matches!(error, Error::PortTaken { port: found } if found == port),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_configuration_is_told_with_the_servers_own_words() {
    let directory = tempfile::tempdir().unwrap();
    let options = nats_options(directory.path());
    std::fs::write(&options.configuration, "no_such_setting: 1").unwrap();
    let error = NatsServer::start(options).await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_server_that_ignores_its_signal_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = nats_options(directory.path());
    let stubborn = directory.path().join("stubborn");
    std::fs::write(
        &stubborn,
        "#!/bin/sh\ntrap '' TERM\nexec python3 -c \"
import os, socket
listener = socket.create_server(('127.0.0.1', int(os.environ['INFRAGPT_NATS_PORT'])))
while True: listener.accept()[0].sendall(b'INFO {}\\r\\n')\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&stubborn, std::fs::Permissions::from_mode(0o755)).unwrap();
    options.binary = stubborn;
    let mut server = NatsServer::start(options).await.unwrap();
    let pid = server.pid();
    server.stop().await.unwrap();
    assert!(!runs(pid));
}
