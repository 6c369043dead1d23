// A small Slack. Everything on the page is made with document.createElement and text nodes: no message is ever parsed as
// HTML, so that none can run. The server tells that something changed; the page then asks for the state and shows it.

// ── Elements ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const byId = (id) => document.getElementById(id);

/** An element with attributes (`on…` are listeners, `true` is an empty attribute, nothing for `null`) and children. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Brings the children of a container to a list of `{key, signature, build}`; what has not changed is not touched. */
function patch(container, items) {
  const before = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let place = container.firstElementChild;
  for (const { key, signature, build } of items) {
    let child = before.get(key);
    before.delete(key);
    if (child?.signature !== signature) {
      const fresh = build();
      fresh.dataset.key = key;
      fresh.signature = signature;
      if (child) {
        if (place === child) place = fresh;
        child.replaceWith(fresh);
      }
      child = fresh;
    }
    if (child === place) place = place.nextElementSibling;
    else container.insertBefore(child, place);
  }
  for (const gone of before.values()) gone.remove();
}

// ── What this browser knows ──────────────────────────────────────────────────────────────────────────────────────────

let state = null;
const place = { user: null, channel: null, thread: null, tab: null };
let editing = null;
const pressed = new Map();
const seen = new Map();
const drafts = new Map();

const EMOJI = {
  x: "❌", mag: "🔍", eyes: "👀", "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", white_check_mark: "✅",
  heavy_check_mark: "✔️", hourglass_flowing_sand: "⏳", warning: "⚠️", rotating_light: "🚨", rocket: "🚀", tada: "🎉",
  bulb: "💡", fire: "🔥", question: "❓", wave: "👋", robot_face: "🤖", lock: "🔒", no_entry: "⛔", mute: "🔇", bell: "🔔",
  hammer_and_wrench: "🛠️", package: "📦", link: "🔗", memo: "📝", chart_with_upwards_trend: "📈", large_green_circle: "🟢",
  red_circle: "🔴", large_yellow_circle: "🟡", octagonal_sign: "🛑", thinking_face: "🤔", pray: "🙏", heart: "❤️",
};
const REACTIONS = ["x", "mag", "eyes", "+1", "-1"];

const person = (id) => state.people.find((it) => it.id === id)?.name ?? (id === state.bot.user ? state.bot.name : id);
const channelNamed = (id) => state.channels.find((it) => it.id === id);

/** Tells the sandbox what somebody does here; what it cannot do is said on the page. */
async function gesture(verb, body) {
  try {
    const response = await fetch(`/slack/client/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: state.me, ...body }),
    });
    const answer = await response.json();
    if (!response.ok) say(answer.detail ?? `The sandbox refused: ${response.status}.`);
    return response.ok ? answer : null;
  } catch {
    say("The sandbox does not answer.");
    return null;
  }
}

// The verbs do not all have a `user`: an edit is its author's by nature.
const ownGesture = (verb, body) => gesture(verb, { user: undefined, ...body });

function say(text) {
  const notice = el("p", { class: "notice", role: "alert" }, text);
  document.body.append(notice);
  setTimeout(() => notice.remove(), 6000);
}

// ── Inline text ──────────────────────────────────────────────────────────────────────────────────────────────────────

const unescaped = (text) => text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);

/** A link, if the address is one that is safe to follow; else the label alone. */
function link(address, label) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return el("span", {}, label);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return el("span", {}, label);
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** Splits a text at the first match of any rule, again and again. A rule is a pattern and what its match becomes. */
function spans(text, rules, plain, depth = 0) {
  const nodes = [];
  const next = rules.map(() => ({ index: -1 }));
  let at = 0;
  while (at < text.length && depth < 12) {
    let first = null;
    rules.forEach(([pattern, become], index) => {
      // Each pattern looks no further than its next match, until the text before that is done.
      if (next[index] && next[index].index < at) {
        pattern.lastIndex = at;
        next[index] = pattern.exec(text);
      }
      const match = next[index];
      if (match && (!first || match.index < first.match.index)) first = { match, become };
    });
    if (!first) break;
    const { match, become } = first;
    if (match.index > at) nodes.push(plain(text.slice(at, match.index)));
    nodes.push(become(match, (inner) => spans(inner, rules, plain, depth + 1)));
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push(plain(text.slice(at)));
  return nodes;
}

/** What stands between angle brackets: a person, a channel, a group, a date or an address. */
function angle(content) {
  const [what, label] = content.split(/\|(.*)/s);
  if (/^@[UWB][A-Z0-9]+$/.test(what)) {
    const mine = what.slice(1) === state.me ? " me" : "";
    return el("span", { class: `mention${mine}` }, `@${person(what.slice(1))}`);
  }
  if (/^#[CG][A-Z0-9]+$/.test(what)) {
    const id = what.slice(1);
    const name = channelNamed(id)?.name ?? label ?? id;
    return el("a", { class: "mention", href: `#${new URLSearchParams({ user: state.me, channel: id })}` }, `#${name}`);
  }
  if (/^!(here|channel|everyone)$/.test(what)) return el("span", { class: "mention" }, `@${what.slice(1)}`);
  if (/^!(subteam|date)\^/.test(what)) return el("span", {}, label ?? what);
  if (/^https?:\/\//i.test(what)) return link(unescaped(what), unescaped(label ?? what));
  return document.createTextNode(unescaped(`<${content}>`));
}

const ADDRESS = /\bhttps?:\/\/[^\s<>|`"')\]]*[^\s<>|`"')\].,;:!?*_~]/;

const everywhere = (rules) => rules.map(([pattern, become]) => [new RegExp(pattern, "g"), become]);

const MRKDWN = everywhere([
  [/`([^`\n]+)`/, (match) => el("code", {}, unescaped(match[1]))],
  [/<([^<>\n]+)>/, (match) => angle(match[1])],
  [ADDRESS, (match) => link(unescaped(match[0]), unescaped(match[0]))],
  [/(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])/, (match, inner) => el("strong", {}, inner(match[1]))],
  [/(?<![\w_])_(?=\S)([^_\n]*[^\s_])_(?![\w_])/, (match, inner) => el("em", {}, inner(match[1]))],
  [/(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/, (match, inner) => el("s", {}, inner(match[1]))],
]);
const mrkdwnSpans = (text) => spans(text, MRKDWN, (plain) => document.createTextNode(withEmoji(unescaped(plain))));

const MARKDOWN = everywhere([
  [/\\([!-/:-@[-`{-~])/, (match) => document.createTextNode(match[1])],
  [/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/, (match) => el("code", {}, match[2].replace(/^ (.*\S.*) $/s, "$1"))],
  [/!\[([^\]\n]*)\]\(([^()\s]+)(?:\s+"[^"]*")?\)/, (match) => link(match[2], match[1] || match[2])],
  [/\[((?:[^[\]\\]|\\.)+)\]\(<?((?:[^()\s<>]|\([^()\s]*\))+)>?(?:\s+"[^"]*")?\)/, (match, inner) => link(match[2], inner(match[1]))],
  [/<([^<>\s][^<>\n]*)>/, (match) => angle(match[1])],
  [ADDRESS, (match) => link(match[0], match[0])],
  [/\*\*(?=\S)((?:[^*]|\*(?!\*))*?\S)\*\*(?!\*)/, (match, inner) => el("strong", {}, inner(match[1]))],
  [/(?<!\w)__(?=\S)([^_]*?\S)__(?!\w)/, (match, inner) => el("strong", {}, inner(match[1]))],
  [/~~(?=\S)([^~]*?\S)~~/, (match, inner) => el("s", {}, inner(match[1]))],
  [/(?<!\*)\*(?=[^\s*])([^*]*[^\s*])\*(?!\*)/, (match, inner) => el("em", {}, inner(match[1]))],
  [/(?<!\w)_(?=[^\s_])([^_]*[^\s_])_(?!\w)/, (match, inner) => el("em", {}, inner(match[1]))],
]);
const markdownSpans = (text) => spans(text, MARKDOWN, (plain) => document.createTextNode(withEmoji(unescaped(plain))));

// ── Slack's own markup, and Markdown ─────────────────────────────────────────────────────────────────────────────────

function mrkdwn(text) {
  const root = el("div", { class: "text" });
  const parts = text.split(/```\n?([\s\S]*?)```\n?/);
  parts.forEach((part, index) => {
    if (index % 2) return root.append(el("pre", {}, unescaped(part.replace(/\n$/, ""))));
    let lines = [];
    const flush = () => {
      if (lines.some((line) => line.trim())) root.append(el("p", {}, mrkdwnSpans(lines.join("\n"))));
      lines = [];
    };
    const into = (name, node) => {
      flush();
      if (root.lastElementChild?.localName !== name || root.lastElementChild.closed) root.append(el(name));
      root.lastElementChild.append(node);
    };
    for (const line of part.replace(/^\n|\n$/g, "").split("\n")) {
      const quote = /^(?:&gt;|>)\s?(.*)$/.exec(line);
      const bullet = /^\s*[•◦▪]\s+(.*)$/.exec(line);
      if (quote) into("blockquote", el("p", {}, mrkdwnSpans(quote[1])));
      else if (bullet) into("ul", el("li", {}, mrkdwnSpans(bullet[1])));
      else {
        if (!line.trim() && !lines.length && root.lastElementChild) root.lastElementChild.closed = true;
        else lines.push(line);
      }
    }
    flush();
  });
  return root;
}

const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([\w+-]*).*$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

const cells = (line) =>
  line.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

function markdown(text) {
  return el("div", { class: "text" }, markdownBlocks(text.replace(/\r\n?/g, "\n").split("\n"), 0));
}

function markdownBlocks(lines, depth) {
  if (depth > 12) return [el("p", {}, lines.join("\n"))];
  const nodes = [];
  let at = 0;
  const isTable = (index) => lines[index]?.includes("|") && lines[index + 1]?.includes("-") && TABLE.test(lines[index + 1] ?? "");
  const begins = (index) =>
    FENCE.test(lines[index]) || HEADING.test(lines[index]) || RULE.test(lines[index]) || QUOTE.test(lines[index])
    || ITEM.test(lines[index]) || isTable(index);
  while (at < lines.length) {
    const line = lines[at];
    let match;
    if (!line.trim()) {
      at += 1;
    } else if ((match = FENCE.exec(line))) {
      const closing = new RegExp(`^\\s{0,3}${match[1][0]}{${match[1].length},}\\s*$`);
      const code = [];
      for (at += 1; at < lines.length && !closing.test(lines[at]); at += 1) code.push(lines[at]);
      at += 1;
      nodes.push(el("pre", { "data-language": match[2] || null }, code.join("\n")));
    } else if ((match = HEADING.exec(line))) {
      nodes.push(el("p", { class: `heading level-${match[1].length}`, role: "heading", "aria-level": match[1].length + 2 },
        markdownSpans(match[2])));
      at += 1;
    } else if (RULE.test(line)) {
      nodes.push(el("hr"));
      at += 1;
    } else if (QUOTE.test(line)) {
      const quoted = [];
      for (; at < lines.length && (QUOTE.test(lines[at]) || (quoted.length && lines[at].trim() && !begins(at))); at += 1) {
        quoted.push(lines[at].replace(QUOTE, ""));
      }
      nodes.push(el("blockquote", {}, markdownBlocks(quoted, depth + 1)));
    } else if (isTable(at)) {
      const head = cells(line);
      const sides = cells(lines[at + 1]).map((cell) =>
        cell.endsWith(":") ? (cell.startsWith(":") ? "middle" : "right") : null);
      const rows = [];
      for (at += 2; at < lines.length && lines[at].includes("|") && lines[at].trim(); at += 1) rows.push(cells(lines[at]));
      const row = (name, values) =>
        el("tr", {}, head.map((_, index) => el(name, { class: sides[index] }, markdownSpans(values[index] ?? ""))));
      nodes.push(el("div", { class: "table" }, el("table", {}, el("thead", {}, row("th", head)),
        el("tbody", {}, rows.map((values) => row("td", values))))));
    } else if ((match = ITEM.exec(line))) {
      const isOrdered = /\d/.test(match[2]);
      const indent = match[1].length;
      const list = el(isOrdered ? "ol" : "ul", { start: isOrdered ? parseInt(match[2], 10) : null });
      while (at < lines.length && (match = ITEM.exec(lines[at])) && match[1].length <= indent + 1
        && /\d/.test(match[2]) === isOrdered) {
        const own = match[1].length + match[2].length + 1;
        const inner = [match[3]];
        for (at += 1; at < lines.length; at += 1) {
          const next = lines[at];
          const deep = next.length - next.trimStart().length;
          if (!next.trim()) {
            const after = lines[at + 1] ?? "";
            if (!after.trim() || after.length - after.trimStart().length < own) break;
            inner.push("");
          } else if (deep > indent + 1 || (deep >= own)) inner.push(next.slice(Math.min(deep, own)));
          else if (begins(at)) break;
          else inner.push(next.trimStart());
        }
        while (at < lines.length && !lines[at].trim() && ITEM.test(lines[at + 1] ?? "")) at += 1;
        list.append(el("li", {}, markdownBlocks(inner, depth + 1)));
      }
      nodes.push(list);
    } else {
      const paragraph = [line];
      for (at += 1; at < lines.length && lines[at].trim() && !begins(at); at += 1) paragraph.push(lines[at]);
      const whole = paragraph.map((it) => it.replace(/(\s{2,}|\\)$/, "").trimStart()).join("\n");
      nodes.push(el("p", {}, markdownSpans(whole)));
    }
  }
  return nodes;
}

// ── Blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A text object. */
function text(object) {
  if (typeof object === "string") return mrkdwn(object);
  if (!object?.text) return null;
  return object.type === "mrkdwn" ? mrkdwn(object.text) : el("div", { class: "text" }, el("p", {}, withEmoji(object.text)));
}

const plain = (object) => withEmoji(typeof object === "string" ? object : (object?.text ?? ""));

/** A button, a menu or another element; `source` says where it is: `{ts, channel}` or `{view_id}`. */
function element(item, block, source) {
  const press = async (target, value) => {
    target.setAttribute("aria-busy", "true");
    const answer = await gesture("press", { ...source, action_id: item.action_id, block_id: block.block_id, value });
    target.removeAttribute("aria-busy");
    if (answer && !answer.acked) say("The app did not answer.");
    return answer?.acked;
  };
  switch (item.type) {
    case "button": {
      const className = `button ${item.style ?? ""}`;
      const click = (event) => press(event.currentTarget, item.value);
      if (item.url) {
        const anchor = link(item.url, plain(item.text));
        anchor.className = className;
        anchor.addEventListener("click", click);
        return anchor;
      }
      return el("button", { type: "button", class: className, "aria-label": item.accessibility_label, onclick: click },
        plain(item.text));
    }
    case "icon_button":
      return el("button", { type: "button", class: "button icon", "aria-label": item.accessibility_label ?? plain(item.text),
        onclick: (event) => press(event.currentTarget, item.value) }, item.icon === "trash" ? "🗑️" : plain(item.text));
    case "feedback_buttons": {
      const key = JSON.stringify([source, block.block_id, item.action_id]);
      const choice = (button, sign) =>
        el("button", {
          type: "button", class: "button icon", "aria-pressed": String(pressed.get(key) === button.value),
          title: plain(button.text), "aria-label": button.accessibility_label ?? plain(button.text),
          onclick: async (event) => {
            const target = event.currentTarget;
            const others = [...target.parentElement.children];
            if (await press(target, button.value)) {
              pressed.set(key, button.value);
              for (const other of others) other.setAttribute("aria-pressed", String(other === target));
            }
          },
        }, sign);
      return el("span", { class: "feedback", role: "group", "aria-label": "Feedback" },
        choice(item.positive_button, "👍"), choice(item.negative_button, "👎"));
    }
    case "static_select":
    case "radio_buttons":
      return el("select", { "aria-label": plain(item.placeholder) || item.action_id,
        onchange: (event) => press(event.currentTarget, event.currentTarget.value) },
      el("option", { value: "", disabled: true, selected: !item.initial_option }, plain(item.placeholder) || "Choose"),
      (item.options ?? []).map((option) => el("option", { value: option.value,
        selected: item.initial_option?.value === option.value }, plain(option.text))));
    case "image":
      return el("span", { class: "picture" }, `🖼️ ${item.alt_text ?? "image"}`);
    case "mrkdwn":
    case "plain_text":
      return text(item);
    default:
      return el("span", { class: "unknown" }, `[${item.type}]`);
  }
}

/** A field of a modal. */
function input(block) {
  const { element: item = {} } = block;
  const name = JSON.stringify([block.block_id, item.action_id ?? "input"]);
  const attributes = { name, required: !block.optional, placeholder: plain(item.placeholder) || null };
  const options = (item.options ?? []).map((option) =>
    el("option", { value: option.value, selected: item.initial_option?.value === option.value }, plain(option.text)));
  const field = item.options ? el("select", attributes, options)
    : item.multiline ? el("textarea", { ...attributes, rows: 4 }, item.initial_value ?? "")
    : el("input", { ...attributes, type: "text", value: item.initial_value ?? null });
  return el("label", { class: "field" }, el("strong", {}, plain(block.label)), block.optional ? " (optional)" : null, field,
    block.hint ? el("small", {}, plain(block.hint)) : null, el("small", { class: "error", "data-block": block.block_id }));
}

/** The elements inside a section of rich text. */
function richSpans(elements = []) {
  return elements.map((it) => {
    let node;
    switch (it.type) {
      case "text": node = document.createTextNode(it.text ?? ""); break;
      case "link": node = link(it.url ?? "", it.text ?? it.url ?? ""); break;
      case "user": node = angle(`@${it.user_id}`); break;
      case "channel": node = angle(`#${it.channel_id}`); break;
      case "broadcast": node = angle(`!${it.range}`); break;
      case "emoji": node = document.createTextNode(EMOJI[it.name] ?? `:${it.name}:`); break;
      default: node = document.createTextNode(it.text ?? "");
    }
    const style = it.style ?? {};
    for (const [key, name] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
      if (style[key]) node = el(name, {}, node);
    }
    return node;
  });
}

function richText(part) {
  switch (part.type) {
    case "rich_text_list":
      return el(part.style === "ordered" ? "ol" : "ul", { class: part.indent ? `indent-${Math.min(part.indent, 4)}` : null },
        (part.elements ?? []).map((item) => el("li", {}, richSpans(item.elements))));
    case "rich_text_quote": return el("blockquote", {}, el("p", {}, richSpans(part.elements)));
    case "rich_text_preformatted": return el("pre", {}, (part.elements ?? []).map((it) => it.text ?? it.url ?? "").join(""));
    default: return el("p", {}, richSpans(part.elements));
  }
}

function blockOf(block, source) {
  const all = (items) => (items ?? []).map((item) => element(item, block, source));
  switch (block.type) {
    case "markdown": return markdown(block.text ?? "");
    case "section":
      return el("div", { class: "section" }, el("div", {}, text(block.text),
        block.fields ? el("div", { class: "fields" }, block.fields.map(text)) : null),
      block.accessory ? element(block.accessory, block, source) : null);
    case "header": return el("p", { class: "heading level-2", role: "heading", "aria-level": 3 }, plain(block.text));
    case "divider": return el("hr");
    case "context": return el("div", { class: "context" }, all(block.elements));
    case "actions": return el("div", { class: "actions" }, all(block.elements));
    case "context_actions": return el("div", { class: "actions quiet" }, all(block.elements));
    case "rich_text": return el("div", { class: "text" }, (block.elements ?? []).map(richText));
    case "image": return el("p", { class: "picture" }, `🖼️ ${plain(block.title) || block.alt_text || "image"}`);
    case "input": return input(block);
    default: return el("p", { class: "unknown" }, `[${block.type}]`);
  }
}

const blocksOf = (blocks, source) => (blocks ?? []).map((block) => blockOf(block, source));

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const dateOf = (ts) => new Date(parseFloat(ts) * 1000);
const timeOf = (ts) => dateOf(ts).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false });

function dayOf(ts) {
  const date = dateOf(ts);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.toLocaleDateString("en", { weekday: "long", month: "long", day: "numeric" });
}

/** Who wrote a message: what they are called, and whether they are an app. */
function author(message) {
  if (message.own) return { name: state.bot.name, app: true, mark: "✦" };
  if (message.bot_id) {
    const name = message.username ?? message.app_id ?? message.bot_id;
    return { name, app: true, mark: name[0]?.toUpperCase() ?? "?" };
  }
  const name = person(message.user ?? "");
  return { name, app: false, mark: name[0]?.toUpperCase() ?? "?" };
}

const tone = (name) => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 7);
const avatar = ({ name, mark, app }, small) =>
  el("span", { class: `avatar tone-${app && mark === "✦" ? "app" : tone(name)}${small ? " small" : ""}`, "aria-hidden": "true" }, mark);

const STEPS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

const steps = (tasks) =>
  el("ol", { class: "steps", "aria-label": "Steps" }, tasks.map((task) =>
    el("li", { class: task.status, "data-status": task.status },
      el("span", { class: "state", role: "img", "aria-label": task.status.replace("_", " ") }, STEPS[task.status] ?? "○"),
      el("div", {}, el("span", {}, plain(task.title)), task.details ? el("small", {}, plain(task.details)) : null,
        task.output ? el("small", {}, plain(task.output)) : null))));

function attachment(it, source) {
  const names = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };
  const color = names[it.color] ?? (/^#?[0-9a-f]{6}$/i.test(it.color ?? "") ? `#${it.color.replace("#", "")}` : null);
  const node = el("div", { class: "attachment" }, it.pretext ? text(it.pretext) : null,
    it.author_name ? el("small", {}, it.author_name) : null,
    it.title ? el("p", {}, el("strong", {}, it.title_link ? link(it.title_link, it.title) : it.title)) : null,
    it.text ? mrkdwn(it.text) : null,
    it.fields ? el("div", { class: "fields" }, it.fields.map((field) =>
      el("div", {}, el("strong", {}, field.title ?? ""), mrkdwn(String(field.value ?? ""))))) : null,
    blocksOf(it.blocks, source),
    !it.text && !it.blocks && it.fallback ? mrkdwn(it.fallback) : null,
    it.footer ? el("small", {}, it.footer) : null);
  if (color) node.style.setProperty("--color", color);
  return node;
}

const file = (it) =>
  el("figure", { class: "file" }, el("figcaption", {}, "📄 ", el("strong", {}, it.title ?? it.name ?? it.id ?? "file"),
    it.title && it.name && it.title !== it.name ? ` ${it.name}` : null),
  it.preview ? el("pre", {}, it.preview + (it.preview_is_truncated ? "\n…" : "")) : null);

function content(message) {
  const source = { ts: message.ts, channel: message.channel };
  const own = message.text ? (message.markdown ? markdown(message.text) : mrkdwn(message.text)) : null;
  // What a stream said stays; blocks that came at its end stand below. Otherwise blocks replace the text.
  const isStream = message.mode || message.streaming;
  const hasBlocks = message.blocks?.length > 0;
  return [
    message.tasks?.length ? steps(message.tasks) : null,
    isStream || !hasBlocks ? own : null,
    message.streaming ? el("span", { class: "cursor", role: "img", "aria-label": "still writing" }) : null,
    hasBlocks ? blocksOf(message.blocks, source) : null,
    (message.attachments ?? []).map((it) => attachment(it, source)),
    (message.files ?? []).map(file),
  ];
}

function reactions(message) {
  const all = Object.entries(message.reactions ?? {});
  if (!all.length) return null;
  return el("div", { class: "reactions" }, all.map(([name, users]) =>
    el("button", {
      type: "button", "aria-pressed": String(users.includes(state.me)), title: users.map(person).join(", "),
      "aria-label": `${name}: ${users.length}`, "data-reaction": name, onclick: () => react(message, name),
    }, EMOJI[name] ?? `:${name}:`, ` ${users.length}`)));
}

function react(message, name) {
  const removed = (message.reactions?.[name] ?? []).includes(state.me);
  return gesture("reaction", { channel: message.channel, ts: message.ts, name, removed });
}

function tools(message, inThread) {
  const isMine = message.user === state.me && !message.bot_id;
  const tool = (label, sign, onclick) => el("button", { type: "button", title: label, "aria-label": label, onclick }, sign);
  return el("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" },
    REACTIONS.map((name) => tool(`React with ${name}`, EMOJI[name], () => react(message, name))),
    inThread ? null : tool("Reply in thread", "💬", () => go({ thread: message.thread_ts ?? message.ts })),
    isMine ? tool("Edit message", "✏️", () => edit(message)) : null,
    isMine ? tool("Delete message", "🗑️", () => ownGesture("delete", { channel: message.channel, ts: message.ts })) : null);
}

function edit(message) {
  editing = message?.ts ?? null;
  render();
  document.querySelector(".editor textarea")?.focus();
}

function editor(message) {
  const field = el("textarea", { "aria-label": "Edit message", rows: 2 });
  field.value = readable(message.text);
  const save = async () => {
    const { value } = field;
    edit(null);
    await ownGesture("edit", { channel: message.channel, ts: message.ts, text: written(value) });
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") edit(null);
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  return el("div", { class: "editor" }, field, el("button", { type: "button", class: "button", onclick: () => edit(null) }, "Cancel"),
    el("button", { type: "button", class: "button primary", onclick: save }, "Save"));
}

/** One message. `replies` are those of its thread, where they are not shown. */
function messageElement(message, { inThread, replies }) {
  if (message.subtype === "assistant_app_thread") return conversation(message, inThread, replies);
  const who = author(message);
  const bar = replies?.length && !inThread
    ? el("button", { type: "button", class: "thread-bar", onclick: () => go({ thread: message.ts }) },
      [...new Map(replies.map((it) => [author(it).name, author(it)])).values()].slice(0, 4).map((it) => avatar(it, true)),
      el("strong", {}, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
      el("small", {}, `Last at ${timeOf(replies.at(-1).ts)}`))
    : null;
  if (message.deleted) {
    return el("article", { class: "message", "data-ts": message.ts }, el("span", { class: "avatar gone" }),
      el("div", { class: "content" }, el("p", { class: "unknown" }, "This message was deleted."), bar));
  }
  return el("article", { class: "message", "data-ts": message.ts, "data-channel": message.channel,
    "aria-label": `${who.name} at ${timeOf(message.ts)}` },
  avatar(who),
  el("div", { class: "content" },
    message.ephemeral_to ? el("p", { class: "only-you" }, "👁 Only visible to you") : null,
    el("header", {}, el("strong", {}, who.name), who.app ? el("span", { class: "badge" }, "APP") : null,
      message.user_team ? el("span", { class: "badge" }, message.user_team) : null,
      el("time", { datetime: dateOf(message.ts).toISOString(), title: message.ts }, timeOf(message.ts))),
    editing === message.ts ? editor(message) : content(message),
    message.edited && !message.bot_id ? el("small", { class: "edited" }, "(edited)") : null,
    reactions(message), bar),
  message.ephemeral_to ? null : tools(message, inThread));
}

/** The beginning of a conversation with the app, which has no message of its own. */
function conversation(message, inThread, replies) {
  const first = replies?.find((it) => !it.own);
  return el("article", { class: "message conversation", "data-ts": message.ts }, avatar(author(message)),
    el("div", { class: "content" }, el("header", {}, el("strong", {}, state.bot.name), el("time", {}, timeOf(message.ts))),
      inThread ? el("p", {}, `A conversation with ${state.bot.name}`)
        : el("button", { type: "button", class: "thread-bar", onclick: () => go({ thread: message.ts }) },
          el("strong", {}, first ? readable(first.text).slice(0, 80) : "New conversation"),
          replies?.length ? el("small", {}, replies.length === 1 ? "1 message" : `${replies.length} messages`) : null)));
}

const isReply = (message) =>
  message.thread_ts && message.thread_ts !== message.ts && message.subtype !== "thread_broadcast";

function statusIn(channel, thread) {
  const status = state.statuses.find((it) => it.channel === channel && it.thread_ts === thread);
  return status ? `${state.bot.name} ${status.status}` : null;
}

const statusItem = (channel, thread) => {
  const line = statusIn(channel, thread);
  const more = state.statuses.find((it) => it.channel === channel && it.thread_ts === thread)?.loading_messages?.[0];
  return line ? [{
    key: `status-${thread}`, signature: `${line} ${more}`,
    build: () => el("p", { class: "status", role: "status" }, el("span", { class: "dots", "aria-hidden": "true" }), plain(line),
      more ? el("small", {}, plain(more)) : null),
  }] : [];
};

// ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What somebody typed, as Slack's editor hands it over: escaped, with tags for people, channels and addresses. */
function written(typed) {
  const people = [...state.people, { id: state.bot.user, name: state.bot.name }];
  const escaped = typed.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return escaped
    .replace(/\bhttps?:\/\/[^\s|]*[^\s|.,;:!?)]/g, (address) => `<${address}>`)
    .replace(/(?<![\w@])@([\w.-]*\w)/g, (whole, name) => {
      const found = people.find((it) => it.name === name);
      return found ? `<@${found.id}>` : whole;
    })
    .replace(/(?<![\w#&])#([\w-]+)/g, (whole, name) => {
      const found = state.channels.find((it) => it.name === name);
      return found ? `<#${found.id}|${found.name}>` : whole;
    });
}

/** The other way round, for editing. */
function readable(message) {
  return unescaped(message
    .replace(/<@([A-Z0-9]+)(\|[^>]*)?>/g, (_, id) => `@${person(id)}`)
    .replace(/<#([A-Z0-9]+)(\|[^>]*)?>/g, (_, id) => `#${channelNamed(id)?.name ?? id}`)
    .replace(/<(https?:[^|>]+)(\|[^>]*)?>/g, (_, address) => address));
}

async function send(typed, channel, thread) {
  const line = typed.trim();
  if (line.startsWith("/")) {
    const [command] = line.split(/\s/);
    if (command !== `/${state.bot.name}`) return say(`${command} is not a command of this workspace.`);
    if (thread) return say("Slack takes commands in channels only, not in threads.");
    const answer = await gesture("command", { text: line, channel });
    if (answer && !answer.acked) say(`${command} failed: the app did not answer in time.`);
    return;
  }
  await gesture("message", { text: written(line), mention: false, channel, thread_ts: thread ?? undefined });
}

/** The field in which people write; `key` keeps what is not sent yet apart. */
function composer(container, { key, label, channel, thread, prompts }) {
  const items = [];
  if (prompts) {
    items.push({
      key: "prompts", signature: JSON.stringify([key, prompts]),
      build: () => el("div", { class: "prompts", role: "group", "aria-label": "Suggestions" },
        prompts.title ? el("small", {}, plain(prompts.title)) : null,
        prompts.prompts.map((prompt) => el("button", { type: "button", class: "button",
          onclick: () => send(prompt.message, channel, prompts.thread_ts || thread) }, plain(prompt.title)))),
    });
  }
  items.push({
    key: "field", signature: JSON.stringify([key, label]),
    build: () => {
      const field = el("textarea", { "aria-label": label, placeholder: label, rows: 1 });
      field.value = drafts.get(key) ?? "";
      const submit = () => {
        const { value } = field;
        if (!value.trim()) return;
        field.value = "";
        drafts.delete(key);
        field.rows = 1;
        send(value, channel, thread);
      };
      field.addEventListener("input", () => {
        drafts.set(key, field.value);
        field.rows = Math.min(8, field.value.split("\n").length);
      });
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        submit();
      });
      return el("div", { class: "composer" }, field,
        el("button", { type: "button", class: "send", "aria-label": "Send", onclick: submit }, "➤"));
    },
  });
  patch(container, items);
}

// ── The panes ────────────────────────────────────────────────────────────────────────────────────────────────────────

function renderSidebar() {
  const heading = (name) => ({ key: `heading-${name}`, signature: name, build: () => el("h3", {}, name) });
  const entry = (id, name, mark) => {
    const isCurrent = place.channel === id;
    const latest = state.messages.filter((it) => it.channel === id && it.user !== state.me).at(-1)?.ts ?? "";
    if (isCurrent || !seen.has(id)) seen.set(id, latest);
    const isNew = latest > seen.get(id);
    return {
      key: `entry-${id}`, signature: JSON.stringify([name, mark, isCurrent, isNew]),
      build: () => el("button", { type: "button", class: isNew ? "new" : null, "aria-current": isCurrent ? "page" : null,
        onclick: () => go({ channel: id, thread: null, tab: null }) }, el("span", { "aria-hidden": "true" }, mark), name),
    };
  };
  patch(byId("channels"), [
    heading("Channels"),
    ...state.channels.map((it) => entry(it.id, it.name, it.private ? "🔒" : "#")),
    heading("Apps"),
    entry(state.direct, state.bot.name, "✦"),
  ]);
  patch(byId("person"), state.people.map((it) => ({
    key: it.id, signature: it.name, build: () => el("option", { value: it.id }, it.name),
  })));
  byId("person").value = state.me;
  byId("connection").textContent = state.connections > 0 ? "● the app is connected"
    : state.request_url ? "● the app takes requests" : "○ the app is not connected";
}

function renderHeader() {
  const isDirect = place.channel === state.direct;
  const channel = channelNamed(place.channel);
  byId("channel-name").textContent = isDirect ? state.bot.name : `${channel?.private ? "🔒 " : "# "}${channel?.name ?? place.channel}`;
  const tab = (name, value) => ({
    key: `tab-${name}`, signature: String(place.tab === value),
    build: () => el("button", { type: "button", role: "tab", "aria-selected": String(place.tab === value),
      onclick: () => place.tab !== value && go({ tab: value, thread: null }) }, name),
  });
  patch(byId("channel-about"), isDirect ? [tab("Home", "home"), tab("Messages", null)]
    : channel?.shared ? [{ key: "shared", signature: "", build: () => el("span", {}, "Shared with another workspace") }] : []);
}

/** Shows a list of messages, and stays at the end of it if the reader is there. */
function renderList(container, items) {
  const isAtEnd = container.scrollHeight - container.scrollTop - container.clientHeight < 80;
  const isOther = container.dataset.of !== JSON.stringify([place.channel, place.thread, state.me]);
  container.dataset.of = JSON.stringify([place.channel, place.thread, state.me]);
  patch(container, items);
  if (isAtEnd || isOther) container.scrollTop = container.scrollHeight;
}

function messageItem(message, options) {
  const more = options.replies?.map((it) => [it.ts, it.own, it.user]);
  const signature = editing === message.ts ? "editing" : JSON.stringify([message, more, state.me, options.inThread]);
  return { key: message.ts, signature, build: () => messageElement(message, options) };
}

function renderChannel() {
  const all = state.messages.filter((it) => it.channel === place.channel);
  const roots = all.filter((it) => !isReply(it));
  const items = [];
  let day = null;
  for (const root of roots) {
    if (dayOf(root.ts) !== day) {
      day = dayOf(root.ts);
      const name = day;
      items.push({ key: `day-${name}`, signature: name, build: () => el("div", { class: "day" }, el("span", {}, name)) });
    }
    items.push(messageItem(root, { replies: all.filter((it) => isReply(it) && it.thread_ts === root.ts && !it.deleted) }));
    items.push(...statusItem(place.channel, root.ts).map((it) => ({ ...it, key: `below-${it.key}` })));
  }
  if (!roots.length) {
    items.push({ key: "empty", signature: "", build: () => el("p", { class: "unknown" }, "Nobody has written here yet.") });
  }
  renderList(byId("messages"), items);
  const isDirect = place.channel === state.direct;
  const label = isDirect ? `Message ${state.bot.name}` : `Message #${channelNamed(place.channel)?.name ?? place.channel}`;
  const own = state.prompts.find((it) => it.channel === place.channel && !it.thread_ts);
  composer(byId("channel-composer"), { key: place.channel, label, channel: place.channel, prompts: own });
}

function renderThread() {
  byId("thread").hidden = !place.thread;
  if (!place.thread) return;
  const isDirect = place.channel === state.direct;
  byId("thread-about").textContent = isDirect ? state.bot.name : `#${channelNamed(place.channel)?.name ?? place.channel}`;
  const all = state.messages.filter((it) => it.channel === place.channel && (it.ts === place.thread || it.thread_ts === place.thread));
  const items = all.map((it) => messageItem(it, { inThread: true }));
  const replies = all.filter((it) => it.ts !== place.thread).length;
  if (replies && all[0]?.ts === place.thread) {
    const name = replies === 1 ? "1 reply" : `${replies} replies`;
    items.splice(1, 0, { key: "count", signature: name, build: () => el("div", { class: "day" }, el("span", {}, name)) });
  }
  renderList(byId("replies"), [...items, ...statusItem(place.channel, place.thread)]);
  const prompts = state.prompts.find((it) => it.channel === place.channel && it.thread_ts === place.thread);
  const isFresh = !all.some((it) => it.user === state.me);
  composer(byId("thread-composer"), { key: place.thread, label: "Reply in thread", channel: place.channel, thread: place.thread,
    prompts: isFresh ? prompts : null });
}

function renderHome() {
  const isHome = place.channel === state.direct && place.tab === "home";
  byId("home").hidden = !isHome;
  byId("messages").hidden = isHome;
  byId("channel-composer").hidden = isHome;
  if (!isHome) return;
  const view = state.home;
  patch(byId("home"), [{
    key: "view", signature: JSON.stringify([view, state.me]),
    build: () => el("div", { class: "view" }, view ? blocksOf(view.blocks, { view_id: view.id })
      : el("p", { class: "unknown" }, `${state.bot.name} has put nothing here yet.`)),
  }]);
}

function renderModal() {
  const dialog = byId("modal");
  const view = state.modals.at(-1);
  if (!view) {
    dialog.dataset.view = "";
    if (dialog.open) dialog.close();
    return;
  }
  if (dialog.dataset.view !== `${view.id} ${view.hash}`) {
    dialog.dataset.view = `${view.id} ${view.hash}`;
    dialog.setAttribute("aria-label", plain(view.title));
    dialog.replaceChildren(el("form", { onsubmit: (event) => submitModal(event, view) },
      el("header", {}, el("h2", {}, plain(view.title)),
        el("button", { type: "button", "aria-label": "Close", onclick: () => gesture("dismiss", { view_id: view.id }) }, "×")),
      el("div", { class: "view" }, blocksOf(view.blocks, { view_id: view.id })),
      el("footer", {}, el("button", { type: "button", class: "button",
        onclick: () => gesture("dismiss", { view_id: view.id }) }, plain(view.close) || "Cancel"),
      view.submit ? el("button", { type: "submit", class: "button primary" }, plain(view.submit)) : null)));
  }
  if (!dialog.open) dialog.showModal();
}

async function submitModal(event, view) {
  event.preventDefault();
  const form = event.currentTarget;
  const values = {};
  for (const field of form.querySelectorAll("[name]")) {
    const [block, action] = JSON.parse(field.getAttribute("name"));
    values[block] = { ...values[block], [action]: field.value };
  }
  const answer = await gesture("submit", { view_id: view.id, values });
  if (answer && !answer.acked) say("The app did not answer.");
  for (const place of form.querySelectorAll(".error")) place.textContent = answer?.errors?.[place.dataset.block] ?? "";
}

function render() {
  if (!place.channel || (place.channel !== state.direct && !channelNamed(place.channel))) {
    place.channel = state.channels[0]?.id ?? state.direct;
    place.thread = null;
  }
  renderSidebar();
  renderHeader();
  renderHome();
  renderChannel();
  renderThread();
  renderModal();
  byId("client").hidden = false;
  document.documentElement.dataset.ready = "true";
}

// ── Where the reader is, and what is new ─────────────────────────────────────────────────────────────────────────────

/** Goes somewhere; the address has it, so that it can be linked and left with the back button. */
function go(change) {
  const next = { ...place, user: state.me, ...change };
  const known = Object.entries(next).filter(([, value]) => value);
  const hash = `#${new URLSearchParams(known)}`;
  if (location.hash === hash) follow();
  else location.hash = hash;
}

async function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const before = { ...place };
  place.user = asked.get("user") ?? place.user;
  place.channel = asked.get("channel") ?? (asked.has("user") ? place.channel : null);
  place.thread = asked.get("thread");
  place.tab = asked.get("tab") === "home" ? "home" : null;
  if (state && place.user === state.me) render();
  else await refresh();
  arrive(before);
}

/** Opening the app's own pages is told to the app. */
function arrive(before) {
  if (place.channel !== state.direct) return;
  const isSame = before.channel === place.channel && before.user === place.user;
  if (isSame && before.tab === place.tab) return;
  gesture("home", { tab: place.tab ?? "messages" });
  const conversations = state.messages.filter((it) => it.channel === state.direct && it.subtype === "assistant_app_thread");
  if (place.tab || place.thread) return;
  if (conversations.length) go({ thread: conversations.at(-1).ts });
  else begin(before.channel !== state.direct ? before.channel : null);
}

/** Begins a conversation with the app, unless the reader has gone on in the meantime. */
async function begin(from) {
  const { direct } = state;
  const begun = await gesture("assistant", { from: from ?? undefined });
  if (begun && place.channel === direct && begun.channel === direct && !place.tab && !place.thread) go({ thread: begun.thread_ts });
}

let loading = null;
let isStale = false;

/** Asks for the state; while an answer is on its way, one more time is enough for all that changes. */
function refresh() {
  isStale = true;
  loading ??= (async () => {
    while (isStale) {
      isStale = false;
      const query = new URLSearchParams(place.user ? { user: place.user } : {});
      try {
        const response = await fetch(`/slack/client/state?${query}`);
        state = await response.json();
        render();
      } catch (error) {
        console.warn("The state did not come.", error);
      }
    }
    loading = null;
  })();
  return loading;
}

byId("thread-close").addEventListener("click", () => go({ thread: null }));
byId("person").addEventListener("change", (event) => go({ user: event.currentTarget.value, thread: null,
  channel: place.channel === state.direct ? null : place.channel }));
byId("modal").addEventListener("cancel", (event) => {
  event.preventDefault();
  const view = state.modals.at(-1);
  if (view) gesture("dismiss", { view_id: view.id });
});
window.addEventListener("hashchange", follow);
await follow();
new EventSource("/slack/client/events").addEventListener("change", refresh);
// A status ends by itself, which nobody tells.
setInterval(() => state?.statuses.length && refresh(), 10_000);
