// Proves that Slack's, GitHub's and Clerk's JavaScript SDKs work against the sandbox at SANDBOX_URL.

import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createClerkClient, verifyToken } from "@clerk/backend";
import { verifyWebhook } from "@clerk/backend/webhooks";
import { App } from "@octokit/app";
import { Octokit } from "@octokit/core";
import { Webhooks } from "@octokit/webhooks";
import bolt from "@slack/bolt";

const SANDBOX = process.env.SANDBOX_URL;

async function control(verb, body) {
  const response = await fetch(`${SANDBOX}/control/${verb}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

async function eventually(look) {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`in vain: ${look}`);
}

async function slack() {
  const clientOptions = { slackApiUrl: `${SANDBOX}/slack/api/` };
  const receiver = new bolt.SocketModeReceiver({
    appToken: "xapp-1-A0INFRAGPT-sandbox",
    installerOptions: { clientOptions },
  });
  const app = new bolt.App({ token: "xoxb-sandbox", receiver, clientOptions, logLevel: bolt.LogLevel.ERROR });
  const bodies = [];
  app.event("app_mention", async ({ event, body, say }) => {
    bodies.push(body);
    await say({ text: "pong", thread_ts: event.ts });
  });
  app.action("approve", async ({ ack, respond }) => {
    await ack();
    await respond({ text: "approved", response_type: "in_channel" });
  });
  app.action("explain", async ({ ack, body, client }) => {
    await ack();
    const title = { type: "plain_text", text: "Why?" };
    const element = { type: "plain_text_input", action_id: "text" };
    const blocks = [{ type: "input", block_id: "why", label: title, element }];
    await client.views.open({ trigger_id: body.trigger_id, view: { type: "modal", callback_id: "why", title, blocks } });
  });
  const heard = [];
  app.view("why", async ({ ack, view }) => {
    heard.push(view.state.values.why.text.value);
    await ack({ response_action: "clear" });
  });
  app.event("reaction_added", async ({ event }) => void heard.push(event.reaction));
  app.event("app_home_opened", async ({ event, client }) => {
    await client.views.publish({ user_id: event.user, view: { type: "home", blocks: [{ type: "divider" }] } });
  });
  await app.start();

  const me = await app.client.auth.test();
  assert.deepEqual([me.team_id, me.user_id, me.bot_id], ["T0ACME", "U0INFRAGPT", "B0INFRAGPT"]);
  const posted = await app.client.chat.postMessage({ channel: "C0OPS", text: "hello", blocks: [{ type: "divider" }] });
  assert.equal(posted.message.blocks[0].type, "divider");
  await assert.rejects(app.client.apiCall("no.such"), /unknown_method/);
  const stream = await app.client.apiCall("chat.startStream", {
    channel: "C0OPS",
    thread_ts: posted.ts,
    recipient_team_id: "T0ACME",
    recipient_user_id: "U0MAYA",
    markdown_text: "a",
  });
  const stopped = await app.client.apiCall("chat.stopStream", { channel: "C0OPS", ts: stream.ts, markdown_text: "b" });
  assert.equal(stopped.message.text, "ab");

  const streamer = app.client.chatStream({
    channel: "C0OPS", thread_ts: posted.ts, recipient_team_id: "T0ACME", recipient_user_id: "U0MAYA", buffer_size: 1,
  });
  await streamer.append({ chunks: [{ type: "task_update", id: "1", title: "Look", status: "in_progress" }] });
  await streamer.append({ chunks: [{ type: "task_update", id: "1", title: "Look", status: "complete" }] });
  await streamer.stop({ chunks: [{ type: "markdown_text", text: "done" }] });
  await app.client.filesUploadV2({ channel_id: "C0OPS", thread_ts: posted.ts, filename: "a.txt", content: "all" });
  await app.client.assistant.threads.setStatus({ channel_id: "C0OPS", thread_ts: posted.ts, status: "is thinking…" });
  const seen = await control("state", { thread_ts: posted.ts });
  const shown = seen.messages.filter((it) => it.thread_ts);
  assert.deepEqual(shown.map((it) => [it.text, it.tasks?.[0].status, it.files?.[0].preview]), [
    ["ab", undefined, undefined], ["done", "complete", undefined], ["", undefined, "all"],
  ]);
  assert.deepEqual(seen.statuses.map((it) => it.status), ["is thinking…"]);

  const said = await control("message", { text: "ping" });
  assert.equal(said.acked, true);
  const { messages } = await control("replies", { thread_ts: said.ts });
  assert.deepEqual(messages.map((message) => message.text), ["pong"]);
  assert.equal(bodies[0].event_id, said.event_id);
  const pressed = await control("interaction", { payload: { actions: [{ type: "button", action_id: "approve" }] } });
  assert.equal(pressed.acked, true);

  const text = { type: "plain_text", text: "Why?" };
  const button = [{ type: "actions", elements: [{ type: "button", action_id: "explain", text }] }];
  const asked = await app.client.chat.postMessage({ channel: "C0OPS", text: "?", blocks: button });
  assert.equal((await control("press", { ts: asked.ts, action_id: "explain" })).acked, true);
  await eventually(async () => (await control("state")).modals.length === 1);
  const submitted = await control("submit", { callback_id: "why", values: { why: { text: "because" } } });
  assert.deepEqual(submitted.payload, { response_action: "clear" });
  assert.equal((await control("reaction", { ts: asked.ts, name: "x" })).acked, true);
  assert.equal((await control("home", {})).acked, true);
  await eventually(async () => (await control("state")).homes.U0MAYA?.type === "home");
  await eventually(() => heard.length === 2);
  assert.deepEqual(heard, ["because", "x"]);

  // Slack warns, the SDK reconnects, nothing is lost.
  await control("disconnect", { reason: "warning", grace_ms: 200 });
  const again = await control("message", { text: "ping again" });
  const answers = await control("replies", { thread_ts: again.ts });
  assert.deepEqual([again.acked, answers.satisfied], [true, true]);
  await app.stop();
}

async function github() {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const assertion = (key) => {
    const now = Math.floor(Date.now() / 1000);
    const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: now - 60, exp: now + 300, iss: "100042" })}`;
    return `${signed}.${createSign("sha256").update(signed).sign(key).toString("base64url")}`;
  };
  const octokit = (auth) => new Octokit({ auth, baseUrl: `${SANDBOX}/github` });
  const app = octokit(assertion(process.env.GITHUB_APP_KEY));
  assert.equal((await app.request("GET /app")).data.slug, "infragpt");
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  await assert.rejects(octokit(assertion(stranger)).request("GET /app"), { status: 401 });
  const installation_id = 4242;
  const installation = await app.request("GET /app/installations/{installation_id}", { installation_id });
  assert.equal(installation.data.account.login, "acme");
  const path = "POST /app/installations/{installation_id}/access_tokens";
  const { token } = (await app.request(path, { installation_id })).data;
  const seen = await octokit(token).request("GET /installation/repositories", { per_page: 1, page: 2 });
  assert.deepEqual(seen.data.repositories.map((repository) => repository.full_name), ["acme/checkout"]);
  assert.match(seen.headers.link, /rel="prev"/);
  const missing = octokit(token).request("GET /repos/{owner}/{repo}", { owner: "acme", repo: "nothing" });
  await assert.rejects(missing, { status: 404 });
}

async function githubApp() {
  const baseUrl = `${SANDBOX}/github`;
  const app = new App({
    appId: "100042",
    privateKey: process.env.GITHUB_APP_KEY,
    webhooks: { secret: "sandbox-webhook-secret" },
    Octokit: Octokit.defaults({ baseUrl }),
  });
  const form = new URLSearchParams({ login: "maya", account: "globex", selection: "all" });
  const installing = await app.getInstallationUrl({ state: "s1" });
  const installed = await fetch(installing, { method: "POST", body: form, redirect: "manual" });
  assert.equal(installed.status, 303);

  const seen = [];
  for await (const { octokit, repository } of app.eachRepository.iterator()) {
    assert.ok(octokit);
    seen.push(repository.full_name);
  }
  const expected = ["acme/payments", "acme/checkout", "globex/reactor", "globex/turbines", "globex/website"];
  assert.deepEqual(seen, expected);
  const octokit = await app.getInstallationOctokit(4242);
  const conditional = await octokit.request("GET /installation/repositories");
  const headers = { "if-none-match": conditional.headers.etag };
  await assert.rejects(octokit.request("GET /installation/repositories", { headers }), { status: 304 });

  const lost = await control("github_webhook", { url: "http://127.0.0.1:9/", event: "push", lose: true });
  const deliveries = await app.octokit.request("GET /app/hook/deliveries");
  assert.deepEqual([deliveries.data[0].guid, deliveries.data[0].status_code], [lost.guid, 502]);
  await app.octokit.request("DELETE /app/installations/{installation_id}", { installation_id: 4242 });
  await assert.rejects(app.octokit.request("GET /app/installations/4242"), { status: 404 });
}

/** Runs an app's server while `during` has its address; `take` gets what it receives. */
async function receiving(take, during) {
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    try {
      await take(request.headers, Buffer.concat(pieces).toString());
      response.end();
    } catch {
      response.writeHead(401).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  await during(`http://127.0.0.1:${server.address().port}`);
  server.closeAllConnections();
  server.close();
}

async function webhooks() {
  const webhooks = new Webhooks({ secret: "sandbox-webhook-secret" });
  const received = [];
  webhooks.on("pull_request.closed", ({ payload }) => received.push(payload.pull_request.merged));
  const take = (headers, payload) =>
    webhooks.verifyAndReceive({
      id: headers["x-github-delivery"],
      name: headers["x-github-event"],
      signature: headers["x-hub-signature-256"],
      payload,
    });
  await receiving(take, async (url) => {
    assert.equal((await control("github_webhook", { url, event: "pull_request" })).status, 200);
    assert.equal((await control("github_webhook", { url, event: "push", secret: "other" })).status, 401);
  });
  assert.deepEqual(received, [true]);
}

async function clerkSessions() {
  const instance = { secretKey: "sk_test_sandbox", apiUrl: `${SANDBOX}/clerk` };
  const options = { ...instance, authorizedParties: [SANDBOX] };
  const session = async (wanted) => (await control("clerk_session", { user: "user_maya", ...wanted })).token;
  const claims = await verifyToken(await session({ organization: "acme" }), options);
  assert.deepEqual([claims.sub, claims.o.id, claims.o.rol, claims.v], ["user_maya", "acme", "admin", 2]);
  await control("clerk_rotate_key", {});
  assert.equal((await verifyToken(await session({}), options)).sub, "user_maya");
  const refusals = [
    ["token-expired", { lifetime: -10 }],
    ["token-not-active-yet", { claims: { nbf: Math.floor(Date.now() / 1000) + 60 } }],
    ["token-invalid-signature", { key: "stranger" }],
    ["token-invalid-algorithm", { alg: "HS256" }],
    ["token-invalid-algorithm", { alg: "none" }],
    ["token-invalid-authorized-parties", { azp: "https://evil.example" }],
    ["jwk-kid-mismatch", { header: { kid: "ins_other" } }],
  ];
  for (const [reason, wanted] of refusals) {
    await assert.rejects(verifyToken(await session(wanted), options), { reason }, reason);
  }

  // What somebody may do is read from both versions alike.
  const publishableKey = `pk_test_${Buffer.from("clerk.example.com$").toString("base64")}`;
  const clerk = createClerkClient({ ...instance, publishableKey });
  const authenticated = async (wanted) => {
    const headers = { authorization: `Bearer ${await session({ organization: "acme", ...wanted })}` };
    return clerk.authenticateRequest(new Request("http://127.0.0.1:9/", { headers }), { authorizedParties: [SANDBOX] });
  };
  for (const version of [1, 2]) {
    for (const [user, role, canManage] of [["user_maya", "org:admin", true], ["user_tom", "org:member", false]]) {
      const auth = (await authenticated({ user, version })).toAuth();
      assert.deepEqual([auth.userId, auth.orgId, auth.orgSlug, auth.orgRole], [user, "acme", "acme", role]);
      assert.equal(auth.has({ permission: "org:integrations:read" }), true);
      assert.equal(auth.has({ permission: "org:integrations:manage" }), canManage);
    }
  }
  const pending = await authenticated({ status: "pending" });
  assert.equal(pending.toAuth().userId, null);
}

async function clerkWebhooks() {
  const received = [];
  const take = async (headers, body) => {
    const request = new Request("http://127.0.0.1:9/", { method: "POST", headers, body });
    const signingSecret = "whsec_c2FuZGJveC1jbGVyay13ZWJob29rLXNlY3JldA==";
    received.push(await verifyWebhook(request, { signingSecret }));
  };
  await receiving(take, async (url) => {
    assert.deepEqual(await control("clerk_announce", { url }), { sent: 8, failed: 0 });
    const event = { url, type: "role.created", data: {} };
    assert.equal((await control("clerk_webhook", { ...event, secret: "whsec_b3RoZXIgc2VjcmV0" })).status, 401);
    assert.equal((await control("clerk_webhook", { ...event, timestamp: 1614265330 })).status, 401);
  });
  const [user, , , organization, , membership] = received;
  assert.deepEqual([user.type, user.data.email_addresses[0].email_address], ["user.created", "maya@example.com"]);
  assert.deepEqual([organization.type, organization.data.slug], ["organization.created", "acme"]);
  const { data } = membership;
  assert.deepEqual([data.role, data.organization.id, data.public_user_data.user_id], ["org:admin", "acme", "user_maya"]);
}

await slack();
await github();
await webhooks();
await githubApp();
await clerkSessions();
await clerkWebhooks();
console.log("the Node clients work");
