async function unpack(text) {
  try {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
  } catch (error) {
    for (const note of document.querySelectorAll(".script-needed")) note.textContent = "This part needs a browser of 2023 or later.";
    throw error;
  }
}

// The data of the page by name. Texts come from servers that nobody trusts: they only ever become text nodes.

const data = await unpack(document.getElementById("data").textContent);
const { targets, strings, verdicts } = data;
const many = targets.length > 1;

const FIELDS = ["id", "title", "chapter", "section", "lines", "level", "since", "until", "requires", "scope",
  "commands", "note", "file", "talk"];
const scenarios = data.scenarios.map((values, index) => {
  const scenario = { index };
  FIELDS.forEach((field, position) => { scenario[field] = values[position]; });
  scenario.ranges = scenario.lines.map((text) => {
    const [from, to] = text.split("-").map(Number);
    return [from, to === undefined ? from : to];
  });
  return scenario;
});
const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));

const KINDS = {
  pass: ["good", "✓", "pass"],
  same: ["good", "=", "same as memcached"],
  fail: ["bad", "✕", "fail"],
  known: ["warn", "≈", "known of the release"],
  "target-died": ["bad", "✕", "server died"],
  "suite-error": ["bad", "?", "fault of the suite"],
  warn: ["warn", "!", "warning"],
  differs: ["warn", "≠", "differs from memcached"],
  unsupported: ["rest", "–", "needs what is not offered"],
  skipped: ["rest", "○", "not tried"],
  blocked: ["rest", "○", "blocked"],
};

// The parts of a run that were taken out so that equal texts are stored once: see payload.py.
function expand(number, target, scenario) {
  if (number === null || number === undefined) return null;
  return putBack(strings[number], target, scenario);
}

function putBack(text, target, scenario) {
  return text.replace(/[\ue000-\uef0f]/g, (sign) => {
    switch (sign) {
      case "\ue000": return targets[target].run;
      case "\ue001": return targets[target].address;
      case "\ue002": return targets[target].version ?? "";
      case "\ue003": return scenario?.file ?? "";
      case "\ue004": return scenario?.id ?? "";
      case "\ue005": return scenario?.id.split("/").pop() ?? "";
      default: return keyOf(sign.charCodeAt(0) - 0xe010, target, scenario);
    }
  });
}

function digits(number) {
  return number.toString(36).padStart(4, "0");
}

// One of the keys that a run made for a scenario: they are listed, or the first is, and the others follow it.
function keyOf(number, target, scenario) {
  const keys = data.results[target][scenario.index][3];
  const text = Array.isArray(keys) ? keys[number]
    : typeof keys === "number" ? `00_${digits(keys + number)}` : keys.slice(0, -4) + digits(parseInt(keys.slice(-4), 36) + number);
  return targets[target].run + text;
}

// The result of a scenario on a target, or null when that run did not have it.
function result(target, index) {
  const row = data.results[target][index];
  if (!row) return null;
  const scenario = scenarios[index];
  const text = (position) => expand(row[position], target, scenario);
  return {
    target,
    verdict: verdicts[row[0]],
    outcome: data.outcomes[row[1]],
    milliseconds: row[2],
    transcript: row[4] ?? null,
    like: likeOf(target, index),
    reason: text(6),
    want: text(7),
    got: text(8),
    at: row[9] ?? null,
    step: row[10] ?? null,
    baseline: row[11] ?? null,
    reference: row[12] ? referenceOf(row[12], target, scenario) : null,
    replay: expand(row[13] ?? data.replays[target], target, scenario),
  };
}

// What the reference did with the same script; `same` is null when nothing could be compared.
function referenceOf([outcome, transcript, same, got, ours, reason, step], target, scenario) {
  return { outcome: data.outcomes[outcome], transcript, same, got: expand(got, target, scenario), ours: expand(ours, target, scenario),
    reason: expand(reason, target, scenario), step };
}

// Whether a target answered otherwise than its reference: true, false, or null when nothing was compared.
function unlikeReference(target, index) {
  const same = data.results[target][index]?.[12]?.[2] ?? null;
  return same === null ? null : !same;
}

const beside = targets.some(({ reference }) => reference);

function verdictOf(target, index) {
  const row = data.results[target][index];
  return row ? verdicts[row[0]] : null;
}

const likes = new Map();

function likeOf(target, index) {
  const row = data.results[target][index];
  const number = row ? row[5] ?? null : null;
  if (number === null) return null;
  if (!likes.has(number)) likes.set(number, JSON.parse(strings[number]));
  return likes.get(number);
}

// The worst kind first: a line or a scenario with several results shows the worst of them.
const WORST = ["bad", "warn", "good", "rest"];

function worst(kinds) {
  return WORST.find((kind) => kinds.includes(kind)) ?? null;
}

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function chip(verdict, extra) {
  const [kind, mark, word] = KINDS[verdict];
  return el("span", { class: `chip v-${kind}` }, el("span", { "aria-hidden": "true" }, mark), ` ${word}${extra ?? ""}`);
}

// A bar of parts [class, number], drawn as the server-made ones are.
function bar(parts, label) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of [["class", "bar"], ["role", "img"], ["aria-label", label], ["height", "8"], ["width", "100%"]]) {
    svg.setAttribute(name, value);
  }
  const total = parts.reduce((sum, [, number]) => sum + number, 0) || 1;
  let start = 0;
  for (const [name, number] of parts) {
    const rect = document.createElementNS(space, "rect");
    rect.setAttribute("class", name);
    rect.setAttribute("x", `${(100 * start) / total}%`);
    rect.setAttribute("width", `${(100 * number) / total}%`);
    rect.setAttribute("height", "8");
    svg.append(rect);
    start += number;
  }
  return svg;
}

function plural(number, thing) {
  return `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
}
