// Proves that Slack's and GitHub's JavaScript SDKs work against the sandbox at SANDBOX_URL.

import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { App } from "@octokit/app";
import { Octokit } from "@octokit/core";
import { Webhooks } from "@octokit/webhooks";
import bolt from "@slack/bolt";

const SANDBOX = process.env.SANDBOX_URL;

async function control(verb, body) {
  const response = await fetch(`${SANDBOX}/control/${verb}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
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
  await app.start();

  const me = await app.client.auth.test();
  assert.deepEqual([me.team_id, me.user_id, me.bot_id], ["T0ACME", "U0INFRAGPT", "B0INFRAGPT"]);
  const posted = await app.client.chat.postMessage({ channel: "C0OPS", text: "hello", blocks: [{ type: "divider" }] });
  assert.equal(posted.message.blocks[0].type, "divider");
  await assert.rejects(app.client.apiCall("no.such"), /unknown_method/);
  const stream = await app.client.apiCall("chat.startStream", {
    channel: "C0OPS",
    thread_ts: posted.ts,
    markdown_text: "a",
  });
  const stopped = await app.client.apiCall("chat.stopStream", { channel: "C0OPS", ts: stream.ts, markdown_text: "b" });
  assert.equal(stopped.message.text, "ab");

  const said = await control("message", { text: "ping" });
  assert.equal(said.acked, true);
  const { messages } = await control("replies", { thread_ts: said.ts });
  assert.deepEqual(messages.map((message) => message.text), ["pong"]);
  assert.equal(bodies[0].event_id, said.event_id);
  const pressed = await control("interaction", { payload: { actions: [{ type: "button", action_id: "approve" }] } });
  assert.equal(pressed.acked, true);

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

async function webhooks() {
  const webhooks = new Webhooks({ secret: "sandbox-webhook-secret" });
  const received = [];
  webhooks.on("pull_request.closed", ({ payload }) => received.push(payload.pull_request.merged));
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    try {
      await webhooks.verifyAndReceive({
        id: request.headers["x-github-delivery"],
        name: request.headers["x-github-event"],
        signature: request.headers["x-hub-signature-256"],
        payload: body,
      });
      response.end();
    } catch {
      response.writeHead(401).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  assert.equal((await control("github_webhook", { url, event: "pull_request" })).status, 200);
  assert.equal((await control("github_webhook", { url, event: "push", secret: "other" })).status, 401);
  assert.deepEqual(received, [true]);
  server.closeAllConnections();
  server.close();
}

await slack();
await github();
await webhooks();
await githubApp();
console.log("the Node clients work");
