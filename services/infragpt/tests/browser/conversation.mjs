// A person asks, reads the answer in the thread, says what they think of it, and looks at App Home.
//
//     SANDBOX_URL=http://127.0.0.1:PORT [CHROMIUM=/usr/bin/chromium] [SCREENSHOTS=directory] [EXPECTED=text] node conversation.mjs

import { strict as assert } from "node:assert";
import { open } from "./slack.mjs";

const { SANDBOX_URL, SCREENSHOTS, EXPECTED = "" } = process.env;
const HOSTILE = "<img src=x onerror=\"document.title='run'\"> [x](javascript:alert(1)) <script>document.title='run'</script>";

/** Whether something has come to be so. */
async function until(what, look) {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited for ${what} in vain`);
}

async function asks(slack) {
  await slack.openChannel("ops");
  const question = await slack.write("ops", "@infragpt what changed in acme/payments today?");
  await slack.openThread(question);
  const answer = await slack.answer();
  await answer.getByText(EXPECTED).first().waitFor();
  await question.getByText("1 reply").waitFor();
  await slack.picture("answer");
  return answer;
}

async function likes(slack, answer) {
  const presses = async () => (await slack.state()).deliveries.filter((it) => it.kind === "interactive");
  const before = (await presses()).length;
  const good = answer.getByRole("group", { name: "Feedback" }).getByRole("button").first();
  await slack.press(answer, (await good.getAttribute("aria-label")) ?? "");
  assert.equal(await good.getAttribute("aria-pressed"), "true");
  const after = await presses();
  assert.deepEqual([after.length, after.at(-1).acked], [before + 1, true]);
}

async function reacts(slack, answer) {
  await slack.react(answer, "x");
  await answer.locator("[data-reaction=x]").getByText("1").waitFor();
  await until("the reaction to be known", async () => (await slack.state()).reactions.some((it) => it.name === "x"));
  await slack.picture("feedback");
}

/** What somebody writes is text and nothing else, however it looks. */
async function writesMarkup(slack) {
  const title = await slack.page.title();
  const message = await slack.write("ops", HOSTILE);
  await message.getByText(HOSTILE).waitFor();
  assert.equal(await message.locator("img, script, a").count(), 0);
  assert.equal(await slack.page.title(), title);
}

async function opensHome(slack) {
  await slack.openApp("Home");
  await slack.page.locator("#home .view").waitFor();
  await slack.picture("home");
}

const slack = await open(SANDBOX_URL, { screenshots: SCREENSHOTS });
try {
  const answer = await asks(slack);
  await likes(slack, answer);
  await reacts(slack, answer);
  await writesMarkup(slack);
  await opensHome(slack);
  slack.assertQuiet();
} catch (error) {
  await slack.picture("failure");
  throw error;
} finally {
  await slack.close();
}
console.log("the conversation works");
