// A person watches an answer come, stops one, approves what is proposed, and asks where an answer came from.
//
//     SANDBOX_URL=http://127.0.0.1:PORT [CHROMIUM=/usr/bin/chromium] [SCREENSHOTS=directory] node control.mjs

import { strict as assert } from "node:assert";
import { open } from "./slack.mjs";

const { SANDBOX_URL, SCREENSHOTS } = process.env;

async function watches(slack) {
  const question = await slack.write("ops", "@infragpt why is checkout failing?");
  await slack.openThread(question);
  await slack.thread.getByRole("status").getByText("is looking into it").waitFor();
  const coming = slack.thread.locator(".message", { has: slack.page.getByLabel("still writing") });
  await coming.getByText("reads what changed").waitFor();
  await coming.getByText("Checkout began to fail").waitFor();
  assert.equal(await coming.getByText("Roll it back").count(), 0);
  await slack.picture("stream");
  const answer = await slack.answer();
  await answer.getByText("Roll it back").waitFor();
  await answer.getByRole("group", { name: "Feedback" }).waitFor();
  return answer;
}

async function asksWhereItCameFrom(slack, answer) {
  await slack.react(answer, "mag");
  const note = await slack.answer(2);
  await note.getByText("Where this answer came from").waitFor();
  await note.getByText("infragpt trace").waitFor();
  await slack.picture("explanation");
}

async function stops(slack) {
  const question = await slack.write("ops", "@infragpt never mind");
  await slack.openThread(question);
  await slack.thread.getByText("I am thinking").waitFor();
  await slack.reply("stop");
  const answer = await slack.answer();
  await answer.getByText("Stopped.").waitFor();
}

async function approves(slack) {
  const question = await slack.write("ops", "@infragpt restart payments");
  await slack.openThread(question);
  const proposal = await slack.answer(2);
  await proposal.getByText("payments in production").waitFor();
  await slack.picture("proposal");
  await slack.press(proposal, "Approve");
  await proposal.getByText("payments runs again.").waitFor();
  assert.equal(await proposal.getByRole("button", { name: "Approve" }).count(), 0);
  await slack.picture("approved");
}

async function isTold(slack) {
  const field = slack.page.getByRole("textbox", { name: "Message #ops" });
  await field.fill("/infragpt ask what is up?");
  await field.press("Enter");
  await slack.channel.getByText("You said: what is up?").waitFor();
}

async function opensHome(slack) {
  await slack.openApp("Home");
  await slack.page.locator("#home").getByText("Connected").waitFor();
  await slack.picture("home");
}

const slack = await open(SANDBOX_URL, { screenshots: SCREENSHOTS });
try {
  await slack.openChannel("ops");
  const answer = await watches(slack);
  await asksWhereItCameFrom(slack, answer);
  await stops(slack);
  await approves(slack);
  await isTold(slack);
  await opensHome(slack);
  slack.assertQuiet();
} catch (error) {
  await slack.picture("failure");
  throw error;
} finally {
  await slack.close();
}
console.log("the person is in control");
