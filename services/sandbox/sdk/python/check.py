"""Proves that Slack's Python SDKs, PyJWT and Svix work against the sandbox at SANDBOX_URL."""

import contextlib
import http.client
import json
import os
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.signature import SignatureVerifier
from svix.webhooks import Webhook, WebhookVerificationError

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
    client.files_upload_v2(channel="C0OPS", thread_ts=root["ts"], filename="a.txt", content="all", title="All")
    direct = client.conversations_open(users="U0MAYA")["channel"]["id"]
    assert direct == "D0MAYA", direct
    client.assistant_threads_setStatus(channel_id="C0OPS", thread_ts=root["ts"], status="is thinking…")
    prompts = [{"title": "What changed?", "message": "what changed today?"}]
    client.assistant_threads_setSuggestedPrompts(channel_id=direct, thread_ts="1.2", prompts=prompts)
    client.views_publish(user_id="U0MAYA", view={"type": "home", "blocks": []})
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


@contextlib.contextmanager
def receiving(take):
    """An app's server, which hands body and headers of what it gets to `take`."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            take(self.rfile.read(int(self.headers["Content-Length"])).decode(), dict(self.headers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def events_api():
    """An event over HTTP has to pass the SDK's own check of its signature."""
    verdicts = []
    verifier = SignatureVerifier("sandbox-signing-secret")
    with receiving(lambda body, headers: verdicts.append(verifier.is_valid_request(body, headers))) as url:
        assert control("message", text="ping", mention=False, url=url)["acked"]
        assert control("message", text="ping", mention=False, url=url, secret="other")["acked"]
    assert verdicts == [True, False], verdicts


def clerk_sessions():
    """PyJWT takes good tokens by the served keys, across a rotation, and none that is bad."""
    issuer = f"{SANDBOX}/clerk"
    keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json", cooldown_duration=0)

    def session(**wanted):
        return control("clerk_session", user="user_maya", organization="acme", **wanted)["token"]

    def verified(token):
        return jwt.decode(token, keys.get_signing_key_from_jwt(token), algorithms=["RS256"], issuer=issuer)

    old = session()
    claims = verified(old)
    assert (claims["sub"], claims["o"]["id"], claims["o"]["rol"], claims["v"]) == ("user_maya", "acme", "admin", 2), claims
    assert verified(session(version=1))["org_role"] == "org:admin"
    control("clerk_rotate_key")
    assert verified(session())["sub"] == verified(old)["sub"] == "user_maya"
    assert len(keys.get_signing_keys()) == 2
    refusals = [
        (jwt.ExpiredSignatureError, {"lifetime": -1}),
        (jwt.ImmatureSignatureError, {"claims": {"nbf": int(time.time()) + 60}}),
        (jwt.InvalidIssuerError, {"claims": {"iss": "https://clerk.example"}}),
        (jwt.InvalidSignatureError, {"key": "stranger"}),
        (jwt.InvalidAlgorithmError, {"alg": "HS256"}),
        (jwt.InvalidAlgorithmError, {"alg": "none"}),
        (jwt.PyJWKClientError, {"header": {"kid": "ins_other"}}),
    ]
    for error, wanted in refusals:
        try:
            verified(session(**wanted))
        except error:
            continue
        raise AssertionError(f"{wanted} was accepted")


def clerk_webhooks():
    """Svix takes what is signed with the secret, and nothing that is old or signed otherwise."""
    verdicts = []
    webhook = Webhook("whsec_c2FuZGJveC1jbGVyay13ZWJob29rLXNlY3JldA==")

    def take(body, headers):
        try:
            webhook.verify(body, headers)
            verdicts.append(json.loads(body)["type"])
        except WebhookVerificationError:
            verdicts.append(None)

    with receiving(take) as url:
        assert control("clerk_user", action="update", id="user_tom", url=url)["deliveries"][0]["status"] == 200
        event = {"url": url, "type": "role.created", "data": {"id": "role_1"}}
        secrets = ["whsec_b3RoZXIgc2VjcmV0", "whsec_c2FuZGJveC1jbGVyay13ZWJob29rLXNlY3JldA=="]
        control("clerk_webhook", **event, secret=secrets)
        control("clerk_webhook", **event, secret=secrets[0])
        control("clerk_webhook", **event, timestamp=int(time.time()) - 600)
        control("clerk_webhook", **event, omit=["svix-id"])
    assert verdicts == ["user.updated", "role.created", None, None, None], verdicts


web_api()
oauth()
socket_mode()
events_api()
clerk_sessions()
clerk_webhooks()
print("the Python clients work")
