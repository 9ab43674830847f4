// Bytes as people read them: escapes shown as such, and the bytes marked that make the difference.

const TOKEN = /\\\{\.\.\.(\d+) bytes\.\.\.\\\}|\\x[0-9a-f]{2}|\\[rnt0\\{}]|[^]/gi;
const SLOT = /\{[a-z0-9_]*(?::[^{}]*)?\}|\{[^{}]*\*\d+\}/i;

// One token a byte, except a middle that was left out: it counts for as many bytes as it says.
function tokens(text) {
  return Array.from(text.matchAll(TOKEN), ([token, bytes]) => ({
    text: bytes ? ` … ${bytes} bytes … ` : token,
    size: bytes ? Number(bytes) : 1,
    kind: bytes ? "gap" : token.length > 1 && token[0] === "\\" ? "esc" : "char",
  }));
}

// Find the token that holds byte number `at`.
function tokenAt(list, at) {
  let seen = 0;
  for (let index = 0; index < list.length; index += 1) {
    seen += list[index].size;
    if (at < seen) return index;
  }
  return list.length;
}

// The stretches [start, end) of tokens that differ, in `want` and in `got`.
// A want that is a pattern has no bytes of its own to compare: then only the byte that the player named is marked.
function difference(want, got, at, pattern) {
  const named = at === null ? null : tokenAt(got, at);
  if (pattern) return { want: [0, 0], got: named === null ? [0, 0] : [named, named + 1] };
  let start = 0;
  while (start < want.length && start < got.length && want[start].text === got[start].text) start += 1;
  let tail = 0;
  while (tail < want.length - start && tail < got.length - start
    && want[want.length - 1 - tail].text === got[got.length - 1 - tail].text) tail += 1;
  // Where one side only lacks bytes, the byte that stands in their place is marked.
  const stretch = (list) => [start, Math.max(list.length - tail, Math.min(start + 1, list.length))];
  return { want: stretch(want), got: stretch(got) };
}

// Append tokens to `node`, neighbours of one kind in one element; `range` is marked, its first token most.
function appendTokens(node, list, range) {
  const [from, to] = range ?? [0, 0];
  let run = "";
  let runClass = null;
  const flush = () => {
    if (run) node.append(runClass ? el("span", { class: runClass }, run) : run);
    run = "";
  };
  list.forEach((token, index) => {
    const classes = token.kind === "char" ? [] : [token.kind];
    if (index >= from && index < to) classes.push("differs");
    if (index === from && to > from) classes.push("first");
    const name = classes.join(" ");
    if (name !== runClass) flush();
    runClass = name;
    run += token.text;
    if (token.text === "\\n" && index < list.length - 1) run += "\n";
  });
  flush();
  return node;
}

function wire(text, range) {
  return appendTokens(el("code", { class: "wire", tabindex: "0" }), tokens(text), range);
}

// Want and got side by side.
function compare(want, got, at) {
  const pattern = want !== null && (SLOT.test(want) || want.includes("\n"));
  const wanted = tokens(want ?? "");
  const received = tokens(got ?? "");
  const marks = want === null || got === null ? { want: null, got: null } : difference(wanted, received, at, pattern);
  const side = (name, text, list, range) => el("div", null, el("h4", null, name),
    text ? appendTokens(el("code", { class: "wire" }), list, range) : el("p", { class: "small" }, "nothing"));
  return el("div", { class: "compare" },
    side("Want", want, wanted, marks.want),
    side(at === null ? "Got" : `Got, different from byte ${at} on`, got, received, marks.got));
}

// Two answers side by side, each under the name of who gave it.
function answers(names, texts) {
  const lists = texts.map((text) => tokens(text ?? ""));
  const { want, got } = difference(lists[0], lists[1], null, false);
  return el("div", { class: "compare" }, names.map((name, index) => el("div", null, el("h4", null, name),
    texts[index] ? appendTokens(el("code", { class: "wire" }), lists[index], [want, got][index]) : el("p", { class: "small" }, "nothing"))));
}

// The dialogue as on the wire; a negative number is a pause in tenths of a second.
function dialogue(numbers, target, failed, scenario) {
  const events = numbers.map((number) => (number < 0 ? number : putBack(strings[number], target, scenario)));
  const several = new Set(events.filter((event) => typeof event === "string").map((event) => event[0])).size > 1;
  const list = el("ol", { class: several ? "dialogue several" : "dialogue" });
  events.forEach((event, index) => {
    if (typeof event === "number") {
      const seconds = `${(-event / 10).toFixed(1)} s pass`;
      list.append(el("li", { class: "pause" }, several ? el("span") : null, el("span"), el("span", null, seconds)));
      return;
    }
    const [who, kind] = event;
    const text = event.slice(2);
    const [name, mark, said] = { ">": ["sent", "→", "sent: "], "<": ["received", "←", "received: "] }[kind]
      ?? ["event", "·", "note: "];
    const last = failed && index === events.length - 1;
    const body = el("span", { class: "text" });
    if (kind === "!") body.append(text);
    else appendTokens(body, tokens(text));
    list.append(el("li", { class: last ? `${name} ended` : name },
      several ? el("span", { class: "who" }, el("span", { class: "hidden-text" }, "connection "), who) : null,
      el("span", { class: "who" }, el("span", { "aria-hidden": "true" }, mark), el("span", { class: "hidden-text" }, said)),
      body));
  });
  return list;
}
