// The scenarios by chapter, the controls that filter them, and moving among them by keyboard.

const chapters = [];

function makeList() {
  const place = document.getElementById("scenario-list");
  place.replaceChildren();
  const groups = new Map();
  for (const scenario of scenarios) {
    if (!groups.has(scenario.chapter)) groups.set(scenario.chapter, []);
    groups.get(scenario.chapter).push(scenario);
  }
  for (const [name, members] of groups) {
    const numbers = el("span", { class: "small numbers" });
    const barPlace = el("span");
    const rows = el("div", { class: "rows" });
    const node = el("details", { class: "chapter" },
      el("summary", null, el("h3", null, name.replaceAll("_", " ").replaceAll("-", " ")), numbers, barPlace), rows);
    const chapter = { members, node, numbers, barPlace, rows, made: new Map(), shown: new Set() };
    node.addEventListener("toggle", () => lay(chapter));
    chapters.push(chapter);
    place.append(node);
  }
}

// Lay out the rows that are to be seen: thousands of rows in closed chapters would keep the page waiting.
function lay(chapter) {
  if (!chapter.node.open) return;
  const wanted = chapter.members.filter(({ index, id }) => chapter.shown.has(index) || state.open.includes(id));
  const rows = wanted.map((scenario) => rowOf(chapter, scenario));
  if (rows.length !== chapter.rows.childElementCount || rows.some((row, place) => chapter.rows.children[place] !== row)) {
    chapter.rows.replaceChildren(...rows);
  }
}

function rowOf(chapter, scenario) {
  if (!chapter.made.has(scenario.index)) chapter.made.set(scenario.index, makeRow(scenario));
  return chapter.made.get(scenario.index);
}

function openChapter(chapter) {
  chapter.node.open = true;
  lay(chapter);
}

// Show what the state asks for.
function applyFilters() {
  const matches = matcher(state);
  const chosen = chosenTargets(state);
  const active = filtering(state);
  let shown = 0;
  for (const chapter of chapters) {
    const counts = { good: 0, bad: 0, warn: 0, rest: 0 };
    chapter.shown.clear();
    for (const scenario of chapter.members) {
      if (matches(scenario)) {
        chapter.shown.add(scenario.index);
        counts[worst(chosen.map((target) => verdictOf(target, scenario.index)).filter(Boolean).map((verdict) => KINDS[verdict][0]))] += 1;
      }
    }
    const visible = chapter.shown.size;
    shown += visible;
    chapter.node.hidden = visible === 0;
    const label = [plural(visible, "scenario"), counts.bad ? `${counts.bad} failing` : null,
      counts.warn ? `${counts.warn} differing` : null, counts.rest ? `${counts.rest} not judged` : null].filter(Boolean).join(", ");
    chapter.numbers.textContent = label;
    chapter.barPlace.replaceChildren(bar(["good", "bad", "warn", "rest"].map((kind) => [kind, counts[kind]]), label));
    if (active && !chapter.wasActive) chapter.node.open = true;
    if (!active && chapter.wasActive) chapter.node.open = false;
    chapter.wasActive = active;
    lay(chapter);
  }
  document.getElementById("shown").textContent = shown === scenarios.length
    ? plural(shown, "scenario") : `${shown.toLocaleString("en")} of ${plural(scenarios.length, "scenario")}`;
  document.getElementById("none").hidden = shown > 0;
  return shown;
}

function rememberOpen(id, open) {
  const others = state.open.filter((one) => one !== id);
  state.open = open ? [...others, id] : others;
  writeFragment();
}

// Open what the state names; the last of them comes into view.
function applyOpen(move) {
  let last = null;
  const wanted = new Set(state.open);
  for (const { made } of chapters) {
    for (const [index, row] of made) if (row.open && !wanted.has(scenarios[index].id)) row.open = false;
  }
  for (const id of wanted) {
    const scenario = byId.get(id);
    if (!scenario) continue;
    const chapter = chapters.find((one) => one.members.includes(scenario));
    chapter.node.hidden = false;
    openChapter(chapter);
    const row = rowOf(chapter, scenario);
    fill(row, scenario);
    row.open = true;
    last = row;
  }
  if (last && move) reveal(last.querySelector("summary"));
  return last !== null;
}

function reveal(node) {
  node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "start" });
}

function makeFilters() {
  const form = document.getElementById("filters");
  const counts = {};
  targets.forEach((_, target) => data.results[target].forEach((row) => {
    if (row) counts[verdicts[row[0]]] = (counts[verdicts[row[0]]] ?? 0) + 1;
  }));
  const search = el("input", { type: "search", id: "q", name: "q", autocomplete: "off", spellcheck: "false", placeholder: "words in titles, ids, talks, answers" });
  const differ = el("button", { type: "button", class: "toggle", "data-name": "differ", "data-value": "1" }, "servers differ");
  form.append(
    el("div", { class: "filter-row" },
      el("label", { class: "search" }, "Search", search),
      el("label", null, "Command or feature", subjectSelect()),
      el("label", null, "Version", versionSelect()),
      many ? el("label", null, "Server", choose("target", [["", "any server"], ...targets.map(({ name }, index) => [String(index + 1), name])])) : null),
    el("div", { class: "filter-row" },
      toggles("Verdict", "verdict", Object.keys(KINDS).filter((verdict) => counts[verdict]).map((verdict) => [verdict, KINDS[verdict][2], many ? null : counts[verdict]])),
      toggles("Level", "level", ["must", "should", "observed"].map((level) => [level, level, null])),
      many || beside ? el("div", { class: "toggles" }, many ? differ : null, beside ? fromReference() : null) : null),
    el("div", { class: "status-row" },
      el("output", { id: "shown", role: "status" }),
      el("span", null,
        button("Open all", () => { for (const chapter of chapters) if (!chapter.node.hidden) openChapter(chapter); }),
        button("Close all", closeAll),
        button("Clear filters", () => { go({ ...EMPTY, open: state.open }, false); }),
        button("Keys", showHelp))));
  form.after(el("p", { id: "none", hidden: true }, "No scenario fits these filters."));
  form.addEventListener("submit", (event) => event.preventDefault());
  let timer = null;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => go({ ...state, q: search.value }, false), 60);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      go({ ...state, q: "" }, false);
    }
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      step(1);
    }
  });
  form.addEventListener("click", (event) => {
    const toggle = event.target.closest(".toggle");
    if (!toggle) return;
    const { name, value } = toggle.dataset;
    if (!LISTS.includes(name)) go({ ...state, [name]: state[name] ? "" : value }, false);
    else go({ ...state, [name]: state[name].includes(value) ? state[name].filter((one) => one !== value) : [...state[name], value] }, false);
  });
  form.addEventListener("change", (event) => {
    if (event.target.id === "subject") {
      const [kind, name] = event.target.value.split(/=(.*)/s);
      go({ ...state, command: kind === "command" ? name : "", feature: kind === "feature" ? name : "" }, false);
    } else if (event.target.name !== "q" && event.target.name) {
      go({ ...state, [event.target.name]: event.target.value }, false);
    }
  });
}

// The filter for answers that differ from those of the reference, with their number.
function fromReference() {
  const number = scenarios.filter(({ index }) => targets.some((_, target) => unlikeReference(target, index))).length;
  return el("button", { type: "button", class: "toggle", "data-name": "reference", "data-value": "differs" },
    "differs from the reference", el("span", { class: "number" }, String(number)));
}

function button(text, action) {
  const node = el("button", { type: "button", class: "plain" }, text);
  node.addEventListener("click", action);
  return node;
}

function closeAll() {
  for (const chapter of chapters) {
    for (const row of chapter.made.values()) row.open = false;
    chapter.node.open = false;
  }
}

function choose(name, options) {
  return el("select", { name }, options.map(([value, text]) => el("option", { value }, text)));
}

function subjectSelect() {
  const group = (label, kind) => el("optgroup", { label }, data.rows.filter(([one]) => one === kind)
    .map(([, name, text]) => el("option", { value: `${kind}=${name}` }, text)));
  return el("select", { id: "subject" }, el("option", { value: "" }, "any"), group("Commands", "command"), group("Features", "feature"));
}

function versionSelect() {
  const select = el("select", { name: "version" }, el("option", { value: "" }, "any"));
  if (versions.length) {
    select.append(el("option", { value: "apart" }, "tells versions apart"),
      el("optgroup", { label: "Applies to memcached" }, versions.map((version) => el("option", { value: version }, version))),
      el("optgroup", { label: "Answered unlike memcached" }, versions.map((version) => el("option", { value: `unlike-${version}` }, `not as ${version}`))));
  }
  return select;
}

function toggles(legend, name, options) {
  return el("fieldset", { class: "toggles" }, el("legend", null, legend), options.map(([value, text, number]) => el("button",
    { type: "button", class: "toggle", "data-name": name, "data-value": value, "aria-pressed": "false" },
    text, number === null ? null : el("span", { class: "number" }, String(number)))));
}

// Make the controls say what the state is.
function showState() {
  for (const toggle of document.querySelectorAll("#filters .toggle")) {
    const { name, value } = toggle.dataset;
    toggle.setAttribute("aria-pressed", String(LISTS.includes(name) ? state[name].includes(value) : state[name] === value));
  }
  const search = document.getElementById("q");
  if (document.activeElement !== search || search.value !== state.q) search.value = state.q;
  document.getElementById("subject").value = state.command ? `command=${state.command}` : state.feature ? `feature=${state.feature}` : "";
  for (const select of document.querySelectorAll("#filters select[name]")) select.value = state[select.name];
}

// Move the focus to the next or the previous scenario that is shown.
function step(by) {
  const heads = chapters.filter((chapter) => !chapter.node.hidden && chapter.node.open)
    .flatMap((chapter) => [...chapter.rows.children]).map((row) => row.querySelector("summary"));
  if (!heads.length) return;
  const here = heads.indexOf(document.activeElement?.closest?.(".row")?.querySelector("summary"));
  const next = heads[here < 0 ? (by > 0 ? 0 : heads.length - 1) : Math.min(Math.max(here + by, 0), heads.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}
