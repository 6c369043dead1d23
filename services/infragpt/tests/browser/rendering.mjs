// How the page shows what Slack shows: its own markup and Markdown, as exactly these elements and nothing else.
//
//     SANDBOX_URL=http://127.0.0.1:PORT [CHROMIUM=/usr/bin/chromium] node rendering.mjs

import { strict as assert } from "node:assert";
import { open } from "./slack.mjs";

const LINK = 'target="_blank" rel="noopener noreferrer"';

/** Slack's own markup, and what it becomes. */
const MRKDWN = [
  ["*b* _i_ ~s~ `*c*` a*b*c *x _y_ z*",
    "<p><strong>b</strong> <em>i</em> <s>s</s> <code>*c*</code> a*b*c <strong>x <em>y</em> z</strong></p>"],
  ["<https://a.example/?x=1&amp;y=2|label> &lt;b&gt; :eyes:",
    `<p><a href="https://a.example/?x=1&amp;y=2" ${LINK}>label</a> &lt;b&gt; 👀</p>`],
  ["<@U0TOM> in <#C0OPS|ops>",
    '<p><span class="mention">@tom</span> in <a class="mention" href="#user=U0MAYA&amp;channel=C0OPS">#ops</a></p>'],
  ["&gt; quoted\n• one\n• two", "<blockquote><p>quoted</p></blockquote><ul><li>one</li><li>two</li></ul>"],
  ["```\na <b>\n```", "<pre>a &lt;b&gt;</pre>"],
  ["<javascript:alert(1)|x> <img src=x onerror=alert(1)>",
    "<p>&lt;javascript:alert(1)|x&gt; &lt;img src=x onerror=alert(1)&gt;</p>"],
];

/** Markdown, and what it becomes. */
const MARKDOWN = [
  ["a **b *c* d** `e` ~~f~~ \\*no\\* snake_case_name 5 * 3",
    "<p>a <strong>b <em>c</em> d</strong> <code>e</code> <s>f</s> *no* snake_case_name 5 * 3</p>"],
  ["## Head\n\n[g **h**](https://a.example/z) [x](javascript:alert(1))",
    '<p class="heading level-2" role="heading" aria-level="4">Head</p>'
    + `<p><a href="https://a.example/z" ${LINK}>g <strong>h</strong></a> <span>x</span></p>`],
  ["- a\n\n  more\n- b\n  1. c\n  2. d\n\ntext",
    "<ul><li><p>a</p><p>more</p></li><li><p>b</p><ol start=\"1\"><li><p>c</p></li><li><p>d</p></li></ol></li></ul><p>text</p>"],
  ["| a | b |\n|:--|--:|\n| `x` | y \\| z |",
    '<div class="table"><table><thead><tr><th>a</th><th class="right">b</th></tr></thead>'
    + '<tbody><tr><td><code>x</code></td><td class="right">y | z</td></tr></tbody></table></div>'],
  ["```rust\nlet a = \"<b>\";\n```\n> quoted\n\n---",
    '<pre data-language="rust">let a = "&lt;b&gt;";</pre><blockquote><p>quoted</p></blockquote><hr>'],
  ["<script>alert(1)</script> <b onclick=alert(1)>", "<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;b onclick=alert(1)&gt;</p>"],
];

const slack = await open(process.env.SANDBOX_URL);

async function show(message) {
  const said = await slack.control("message", { channel: "C0DEPLOYS", bot_id: "B0OTHER", subtype: "bot_message", ...message });
  const text = slack.page.locator(`#messages [data-ts="${said.ts}"] .text`);
  await text.waitFor();
  return text.evaluate((node) => node.innerHTML.replaceAll(/ data-key="[^"]*"/g, ""));
}

try {
  await slack.openChannel("deploys");
  for (const [text, expected] of MRKDWN) assert.equal(await show({ text, mention: false }), expected);
  for (const [text, expected] of MARKDOWN) assert.equal(await show({ blocks: [{ type: "markdown", text }] }), expected);
  slack.assertQuiet();
} finally {
  await slack.close();
}
console.log("the page shows what Slack shows");
