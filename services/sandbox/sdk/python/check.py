"""Proves that Slack's Python SDKs work against the sandbox at SANDBOX_URL."""

import http.client
import json
import os
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.signature import SignatureVerifier

SANDBOX = os.environ["SANDBOX_URL"]
client = WebClient(token="xoxb-sandbox", base_url=f"{SANDBOX}/slack/api/")


def control(verb, **body):
    request = urllib.request.Request(f"{SANDBOX}/control/{verb}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def web_api():
    assert client.api_test()["ok"]
    me = client.auth_test()
    assert (me["team_id"], me["user_id"], me["bot_id"]) == ("T0ACME", "U0INFRAGPT", "B0INFRAGPT")
    names = [channel["name"] for page in client.conversations_list(limit=1) for channel in page["channels"]]
    assert names == ["ops", "deploys"], names
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*root*"}}]
    root = client.chat_postMessage(channel="C0OPS", text="root", blocks=blocks)
    metadata = {"event_type": "answer", "event_payload": {"answer_id": "a1"}}
    client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root["ts"], metadata=metadata)
    thread = client.conversations_replies(channel="C0OPS", ts=root["ts"], include_all_metadata=True)["messages"]
    assert thread[0]["blocks"] == blocks and thread[1]["metadata"] == metadata, thread
    client.chat_update(channel="C0OPS", ts=root["ts"], text="edited")
    client.reactions_add(channel="C0OPS", timestamp=root["ts"], name="eyes")
    assert client.users_info(user="U0MAYA")["user"]["name"] == "maya"
    try:
        WebClient(token="xoxb-wrong", base_url=f"{SANDBOX}/slack/api/").auth_test()
    except SlackApiError as error:
        assert error.response["error"] == "invalid_auth"
    else:
        raise AssertionError("a wrong token was accepted")


def oauth():
    """A consent, its tokens, their rotation and their end, all by the SDK."""
    redirect_uri = "http://127.0.0.1:9/callback"
    generator = AuthorizeUrlGenerator(
        client_id="1111.2222",
        scopes=["chat:write", "channels:read"],
        redirect_uri=redirect_uri,
        authorization_url=f"{SANDBOX}/slack/oauth/v2/authorize",
    )
    url = urllib.parse.urlsplit(generator.generate(state="s1"))
    with urllib.request.urlopen(url.geturl()) as page:
        assert "chat:write" in page.read().decode()
    form = dict(urllib.parse.parse_qsl(url.query), decision="allow", install="workspace")
    connection = http.client.HTTPConnection(url.netloc)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", url.path, urllib.parse.urlencode(form), headers)
    location = urllib.parse.urlsplit(connection.getresponse().headers["Location"])
    answer = dict(urllib.parse.parse_qsl(location.query))
    assert answer["state"] == "s1", answer

    stranger = WebClient(base_url=f"{SANDBOX}/slack/api/")
    secrets = {"client_id": "1111.2222", "client_secret": "sandbox-slack-client-secret"}
    issued = stranger.oauth_v2_access(**secrets, code=answer["code"], redirect_uri=redirect_uri)
    assert issued["team"]["id"] == "T0ACME" and issued["expires_in"] == 43200, issued
    rotated = stranger.oauth_v2_access(
        **secrets, grant_type="refresh_token", refresh_token=issued["refresh_token"]
    )
    bot = WebClient(token=rotated["access_token"], base_url=f"{SANDBOX}/slack/api/")
    assert bot.auth_test().headers["x-oauth-scopes"] == "chat:write,channels:read"
    assert [channel["name"] for channel in bot.users_conversations()["channels"]] == ["ops", "deploys"]
    try:
        bot.reactions_add(channel="C0OPS", timestamp="1.2", name="eyes")
    except SlackApiError as error:
        assert error.response["error"] == "missing_scope" and error.response["needed"] == "reactions:write"
    else:
        raise AssertionError("a scope was not missed")
    assert bot.auth_revoke()["revoked"]
    try:
        bot.auth_test()
    except SlackApiError as error:
        assert error.response["error"] == "token_revoked"
    else:
        raise AssertionError("a revoked token was accepted")


def socket_mode():
    app = App(client=client, signing_secret="sandbox-signing-secret")
    answered = threading.Event()

    @app.event("app_mention")
    def mentioned(event, say):
        say(text="pong", thread_ts=event["ts"])
        answered.set()

    @app.event("message")
    def noticed():
        pass

    @app.command("/infragpt")
    def command(ack):
        ack("at your command")

    handler = SocketModeHandler(app, app_token="xapp-1-A0INFRAGPT-sandbox")
    handler.connect()
    said = control("message", text="ping")
    assert said["acked"], said
    found = control("replies", thread_ts=said["ts"])
    # The handler goes on for a moment after its message is there.
    assert answered.wait(5) and [message["text"] for message in found["messages"]] == ["pong"], found
    assert control("command", text="help")["payload"] == {"text": "at your command"}
    handler.close()


def events_api():
    """An event over HTTP has to pass the SDK's own check of its signature."""
    verdicts = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            verifier = SignatureVerifier("sandbox-signing-secret")
            verdicts.append(verifier.is_valid_request(body, dict(self.headers)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert control("message", text="ping", mention=False, url=url)["acked"]
        assert control("message", text="ping", mention=False, url=url, secret="other")["acked"]
        server.shutdown()
    assert verdicts == [True, False], verdicts


web_api()
oauth()
socket_mode()
events_api()
print("the Python clients work")
