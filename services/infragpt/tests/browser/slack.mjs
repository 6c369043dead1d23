// The sandbox's page as a person uses it: small steps out of which conversations are made.

import { strict as assert } from "node:assert";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** How long anything that should happen may take on a busy machine, in milliseconds. */
const PATIENCE = 30_000;

/** Opens the page of a sandbox in a browser that is on this machine already. */
export async function open(url, { user = "U0MAYA", screenshots } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Chromium refuses to run as root with its own sandbox.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light", locale: "en-GB" });
  page.setDefaultTimeout(PATIENCE);
  const slack = new Slack(browser, page, url, screenshots);
  await page.goto(`${url}/#user=${user}`);
  await page.locator("html[data-ready]").waitFor();
  return slack;
}

class Slack {
  #problems = [];

  constructor(browser, page, url, screenshots) {
    Object.assign(this, { browser, page, url, screenshots });
    // A violation of the Content-Security-Policy is an error on the console too.
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) this.#problems.push(said.text());
    });
    page.on("pageerror", (error) => this.#problems.push(String(error)));
    page.on("dialog", (dialog) => {
      this.#problems.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
  }

  get channel() { return this.page.locator("#messages"); }
  get thread() { return this.page.locator("#replies"); }

  /** Opens a channel. */
  async openChannel(name) {
    await this.page.getByRole("button", { name, exact: true }).click();
    await this.page.getByRole("textbox", { name: `Message #${name}` }).waitFor();
  }

  /** Writes in the open channel; returns the message. */
  async write(channel, text) {
    const field = this.page.getByRole("textbox", { name: `Message #${channel}` });
    const before = await this.channel.locator(".message").count();
    await field.fill(text);
    await field.press("Enter");
    const message = this.channel.locator(".message").nth(before);
    await message.waitFor();
    return message;
  }

  /** Writes in the open thread. */
  async reply(text) {
    const field = this.page.getByRole("textbox", { name: "Reply in thread" });
    await field.fill(text);
    await field.press("Enter");
  }

  /** A message by its timestamp, wherever it is shown. */
  message(ts) {
    return this.page.locator(`.messages:visible [data-ts="${ts}"]`).first();
  }

  /** Opens the thread of a message. */
  async openThread(message) {
    await message.hover();
    await message.getByRole("button", { name: "Reply in thread" }).click();
    await this.page.getByRole("textbox", { name: "Reply in thread" }).waitFor();
  }

  /** Waits for the app's n-th finished message in the open thread (the first is 1). */
  async answer(n = 1) {
    const answer = this.thread.locator(".message", { has: this.page.getByText("APP", { exact: true }) }).nth(n - 1);
    await answer.waitFor();
    await answer.getByLabel("still writing").waitFor({ state: "detached" });
    return answer;
  }

  /** Presses a button of a message, and waits until the app has acknowledged that. */
  async press(message, name) {
    const [response] = await Promise.all([
      this.page.waitForResponse((response) => response.url().endsWith("/slack/client/press")),
      message.getByRole("button", { name }).click(),
    ]);
    const outcome = await response.json();
    assert.equal(outcome.acked, true, `"${name}" was not acknowledged: ${JSON.stringify(outcome)}`);
  }

  /** Adds a reaction to a message, or takes it back. */
  async react(message, name) {
    await message.hover();
    const [response] = await Promise.all([
      this.page.waitForResponse((response) => response.url().endsWith("/slack/client/reaction")),
      message.getByRole("button", { name: `React with ${name}`, exact: true }).click(),
    ]);
    assert.equal((await response.json()).acked, true, `the reaction ${name} was not acknowledged`);
  }

  /** Opens the app's own page on its tab `Home` or `Messages`. */
  async openApp(tab) {
    await this.page.getByRole("button", { name: "infragpt", exact: true }).click();
    await this.page.getByRole("tab", { name: tab }).click();
  }

  /** What the sandbox knows: messages, deliveries, reactions. */
  async state() {
    return this.control("state", {});
  }

  /** Makes somebody else, or Slack, do something. */
  async control(verb, body) {
    const response = await fetch(`${this.url}/control/${verb}`, { method: "POST", body: JSON.stringify(body) });
    const answer = await response.json();
    assert.ok(response.ok, `${verb}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Calls the Web API as the app does. */
  async api(method, body) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${process.env.BOT_TOKEN}` };
    const response = await fetch(`${this.url}/slack/api/${method}`, { method: "POST", headers, body: JSON.stringify(body) });
    const answer = await response.json();
    assert.equal(answer.ok, true, `${method}: ${answer.error}`);
    return answer;
  }

  /** Takes a picture of the page, if somebody wants pictures. */
  async picture(name) {
    if (!this.screenshots) return;
    await mkdir(this.screenshots, { recursive: true });
    await this.page.mouse.move(640, 5);
    await this.page.screenshot({ path: join(this.screenshots, `${name}.png`), animations: "disabled" });
  }

  /** Nothing went wrong in the browser itself. */
  assertQuiet() {
    assert.deepEqual(this.#problems, [], "the browser's console");
  }

  /** Closes the browser. */
  async close() {
    await this.browser.close();
  }
}
