// What the app and other people do is seen without a reload: statuses, streams, edits, reactions, App Home, modals.
//
//     SANDBOX_URL=http://127.0.0.1:PORT BOT_TOKEN=xoxb-sandbox [CHROMIUM=/usr/bin/chromium] node live.mjs

import { strict as assert } from "node:assert";
import { open } from "./slack.mjs";

const CHANNEL = "C0OPS";
const plain = (text) => ({ type: "plain_text", text });

async function streams(slack, thread) {
  const place = { channel: CHANNEL, thread_ts: thread };
  await slack.api("assistant.threads.setStatus", { channel_id: CHANNEL, thread_ts: thread, status: "is thinking…" });
  const status = slack.thread.getByRole("status");
  await status.getByText("infragpt is thinking…").waitFor();
  const step = (state) => ({ type: "task_update", id: "1", title: "Reading the log", status: state });
  const text = (piece) => ({ type: "markdown_text", text: piece });
  const begun = await slack.api("chat.startStream", {
    ...place, recipient_team_id: "T0ACME", recipient_user_id: "U0MAYA", chunks: [step("in_progress")],
  });
  await status.waitFor({ state: "detached" });
  const message = slack.thread.locator(`[data-ts="${begun.ts}"]`);
  await message.locator("li[data-status=in_progress]").waitFor();
  const append = (...chunks) => slack.api("chat.appendStream", { channel: CHANNEL, ts: begun.ts, chunks });
  await append(step("complete"), text("**Nothing"));
  await message.getByText("**Nothing").waitFor();
  await append(text(" failed** in `acme"));
  await message.locator("strong", { hasText: "Nothing failed" }).waitFor();
  await message.getByLabel("still writing").waitFor();
  await message.locator("li[data-status=complete]").waitFor();
  const context = [{ type: "context", elements: [plain("from 7 events")] }];
  await slack.api("chat.stopStream", { channel: CHANNEL, ts: begun.ts, chunks: [text("/payments`.")], blocks: context });
  await message.getByText("from 7 events").waitFor();
  await message.locator("code", { hasText: "acme/payments" }).waitFor();
  assert.equal(await message.getByLabel("still writing").count(), 0);
}

async function changes(slack, thread) {
  const posted = await slack.api("chat.postMessage", { channel: CHANNEL, thread_ts: thread, text: "first" });
  const message = slack.thread.locator(`[data-ts="${posted.ts}"]`);
  await message.getByText("first").waitFor();
  await slack.api("chat.update", { channel: CHANNEL, ts: posted.ts, text: "second" });
  await message.getByText("second").waitFor();
  await slack.control("reaction", { ts: posted.ts, name: "eyes", user: "U0TOM" });
  const reaction = message.locator("[data-reaction=eyes]");
  await reaction.waitFor();
  assert.equal(await reaction.getAttribute("aria-pressed"), "false");
  await reaction.click();
  await message.locator("[data-reaction=eyes][aria-pressed=true]").getByText("2").waitFor();
  await slack.api("chat.delete", { channel: CHANNEL, ts: posted.ts });
  await message.waitFor({ state: "detached" });
}

async function editsAndDeletes(slack) {
  const written = await slack.write("ops", "helo");
  const message = slack.message(await written.getAttribute("data-ts"));
  await message.hover();
  await message.getByRole("button", { name: "Edit message" }).click();
  const field = slack.page.getByRole("textbox", { name: "Edit message" });
  await field.fill("hello");
  await field.press("Enter");
  await message.getByText("(edited)").waitFor();
  await message.hover();
  await message.getByRole("button", { name: "Delete message" }).click();
  await message.waitFor({ state: "detached" });
}

/** What one person alone is told, another does not see. */
async function whispers(slack) {
  await slack.api("chat.postEphemeral", { channel: CHANNEL, user: "U0TOM", text: "psst, tom" });
  await slack.api("chat.postEphemeral", { channel: CHANNEL, user: "U0MAYA", text: "psst, maya" });
  await slack.channel.getByText("psst, maya").waitFor();
  assert.equal(await slack.page.getByText("psst, tom").count(), 0);
}

async function fillsInAModal(slack) {
  const button = { type: "button", action_id: "explain", text: plain("Explain") };
  const blocks = [{ type: "actions", elements: [button] }];
  const posted = await slack.api("chat.postMessage", { channel: CHANNEL, text: "?", blocks });
  await slack.message(posted.ts).getByRole("button", { name: "Explain" }).waitFor();
  const pressed = await slack.control("press", { ts: posted.ts, action_id: "explain" });
  const element = { type: "plain_text_input", action_id: "text", multiline: true };
  const view = { type: "modal", callback_id: "why", title: plain("What was wrong?"), submit: plain("Send"),
    blocks: [{ type: "input", block_id: "why", label: plain("Comment"), element }] };
  await slack.api("views.open", { trigger_id: pressed.trigger_id, view });
  const dialog = slack.page.getByRole("dialog");
  await dialog.getByLabel("Comment").fill("The numbers.");
  await slack.picture("modal");
  await dialog.getByRole("button", { name: "Send" }).click();
  await dialog.waitFor({ state: "hidden" });
}

async function seesHome(slack) {
  const publish = (text) => slack.api("views.publish", {
    user_id: "U0MAYA", view: { type: "home", blocks: [{ type: "header", text: plain(text) }] },
  });
  await slack.openApp("Home");
  const home = slack.page.locator("#home");
  // The app shows its own page first.
  await home.getByText("Connected").waitFor();
  await publish("Good morning");
  await home.getByText("Good morning").waitFor();
  await publish("Good evening");
  await home.getByText("Good evening").waitFor();
}

async function takesASuggestion(slack) {
  await slack.openApp("Messages");
  const { messages } = await slack.state();
  const begun = messages.findLast((it) => it.subtype === "assistant_app_thread" && it.channel === "D0MAYA");
  const prompts = [{ title: "Are you there?", message: "help" }];
  await slack.api("assistant.threads.setSuggestedPrompts", { channel_id: begun.channel, thread_ts: begun.ts, prompts });
  await slack.page.getByRole("button", { name: "Are you there?" }).click();
  await slack.thread.getByText("help", { exact: true }).waitFor();
  await slack.answer();
}

const slack = await open(process.env.SANDBOX_URL, { screenshots: process.env.SCREENSHOTS });
try {
  await slack.openChannel("ops");
  const root = await slack.write("ops", "how are we doing?");
  await slack.openThread(root);
  const thread = await root.getAttribute("data-ts");
  await streams(slack, thread);
  await changes(slack, thread);
  await editsAndDeletes(slack);
  await whispers(slack);
  await fillsInAModal(slack);
  await seesHome(slack);
  await takesASuggestion(slack);
  slack.assertQuiet();
} catch (error) {
  await slack.picture("failure");
  throw error;
} finally {
  await slack.close();
}
console.log("the page is alive");
