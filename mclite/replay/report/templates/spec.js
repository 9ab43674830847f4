// protocol.txt with what the scenarios found at each line; without its text, the same by section and line numbers.

// The text of the cited lines; a copy of another release has its lines matched by payload.numbers.
function specLines(from, to) {
  const { lines, numbers } = data.spec;
  if (!numbers) return lines.slice(from - 1, to);
  return lines.filter((_, index) => numbers[index] >= from && numbers[index] <= to);
}

// For each line of protocol.txt the worst kind that was found there, and how many scenarios cite it.
function lineFindings() {
  const found = Array.from({ length: data.length + 1 }, () => ({ kinds: [], count: 0 }));
  const chosen = chosenTargets(state);
  for (const { ranges, index } of scenarios) {
    const kinds = chosen.map((target) => verdictOf(target, index)).filter(Boolean).map((verdict) => KINDS[verdict][0]);
    if (!kinds.length) continue;
    const kind = worst(kinds);
    for (const [from, to] of ranges) {
      for (let line = from; line <= to && line <= data.length; line += 1) {
        found[line].kinds.push(kind);
        found[line].count += 1;
      }
    }
  }
  return found.map(({ kinds, count }) => ({ kind: worst(kinds), count }));
}

let specFor = null;

function makeSpec() {
  if (specFor === state.target) return;
  specFor = state.target;
  const place = document.getElementById("spec-body");
  const found = lineFindings();
  const cited = found.filter(({ count }) => count).length;
  const who = state.target ? targets[Number(state.target) - 1].name : many ? "the worst of all servers" : targets[0].name;
  place.replaceChildren(
    el("p", { class: "explain" }, `${plural(cited, "line")} of ${data.length.toLocaleString("en")} are cited by scenarios; the colour is that of ${who}.`),
    el("ul", { class: "legend" }, [["good", "holds"], ["bad", "a required case fails"], ["warn", "differs, not required"], ["rest", "not judged"]]
      .map(([kind, text]) => el("li", { class: kind }, el("i"), text))),
    sectionTable(found),
    data.spec ? specText(found) : null);
}

function sectionTable(found) {
  const body = el("tbody");
  data.sections.forEach(([from, name], number) => {
    const to = (data.sections[number + 1]?.[0] ?? data.length + 1) - 1;
    const lines = found.slice(from, to + 1);
    const counts = ["good", "bad", "warn", "rest"].map((kind) => [kind, lines.filter((one) => one.kind === kind).length]);
    const cited = counts.reduce((sum, [, count]) => sum + count, 0);
    const label = `${cited} of ${lines.length} lines cited`;
    body.append(el("tr", null,
      el("th", { scope: "row" }, data.spec ? el("a", { href: `#L${from}`, "data-line": from }, name) : name),
      el("td", { class: "number" }, `${from}–${to}`),
      el("td", { class: "number" }, String(cited), bar([...counts, ["none", lines.length - cited]], label)),
      el("td", null, ranges(found, from, to))));
  });
  const table = el("div", { class: "scroll", role: "region", "aria-label": "Sections of protocol.txt", tabindex: "0" }, el("table", null,
    el("thead", null, el("tr", null, ["Section", "Lines", "Cited", "Stretches of cited lines"].map((text) => el("th", { scope: "col" }, text)))), body));
  return data.spec ? el("details", null, el("summary", null, "By section"), table) : table;
}

// Neighbouring lines of one colour, as links to the scenarios that cite them.
function ranges(found, from, to) {
  const box = el("span", { class: "ranges" });
  let start = from;
  while (start <= to) {
    const { kind } = found[start];
    let end = start;
    while (end < to && found[end + 1].kind === kind) end += 1;
    if (kind) box.append(el("a", { class: kind, href: `#line=${start}` }, start === end ? String(start) : `${start}–${end}`));
    start = end + 1;
  }
  return box;
}

function specText(found) {
  const { lines, numbers } = data.spec;
  const box = el("div", { class: "spec-text", tabindex: "0", role: "region", "aria-label": "protocol.txt" });
  lines.forEach((text, index) => {
    const line = numbers ? numbers[index] : index + 1;
    const { kind, count } = found[line] ?? {};
    const shown = count ? el("a", { href: `#line=${line}`, title: plural(count, "scenario"), "aria-label": `line ${line}, ${plural(count, "scenario")}` }, String(line))
      : el("span", { class: "n" }, line ? String(line) : "");
    box.append(el("div", { class: `spec-line ${line && kind ? kind : ""}`, "data-line": line || null }, shown, el("span", { class: "t" }, text || " ")));
  });
  if (!numbers) return box;
  return el("div", null, el("p", { class: "explain" }, "This copy is of another release: its lines were matched to those that the suite cites; lines without a number are not in that release."), box);
}

function showSpecLine(line) {
  const node = document.querySelector(`.spec-text [data-line="${Number(line)}"]`);
  if (!node) return;
  document.querySelector(".spec-line.here")?.classList.remove("here");
  node.classList.add("here");
  const box = node.closest(".spec-text");
  box.scrollTop = node.offsetTop - box.offsetTop - box.clientHeight / 3;
}
