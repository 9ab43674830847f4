// One scenario: the row in the list, and what opens under it.

function makeRow(scenario) {
  const found = targets.map((_, target) => verdictOf(target, scenario.index));
  const head = el("summary");
  if (many) {
    head.append(el("span", { class: "squares" }, found.map((verdict, target) => {
      const absent = appliesTo(scenario, targets[target].as) ? "not in this run" : "not of its version";
      const [kind, mark, word] = verdict ? KINDS[verdict] : ["rest", "", absent];
      const label = `${targets[target].name}: ${word}`;
      return el("span", { class: `square v-${kind}`, role: "img", "aria-label": label, title: label }, mark);
    })));
  } else {
    head.append(chip(found[0]));
  }
  head.append(el("span", { class: "title" }, scenario.title));
  if (scenario.level !== "must") head.append(el("span", { class: "tag" }, scenario.level));
  if (!many && data.results[0][scenario.index][11]) head.append(el("span", { class: "tag" }, data.results[0][scenario.index][11]));
  const unlike = targets.filter((_, target) => unlikeReference(target, scenario.index));
  if (unlike.length) {
    const title = many ? unlike.map(({ name }) => name).join(", ") : `beside ${targets[0].reference}`;
    head.append(el("span", { class: "tag unlike", title }, "≠ reference"));
  }
  const row = el("details", { class: "row", "data-index": scenario.index }, head);
  row.addEventListener("toggle", () => {
    if (row.open) fill(row, scenario);
    rememberOpen(scenario.id, row.open);
  });
  return row;
}

function fill(row, scenario) {
  if (row.dataset.filled) return;
  row.dataset.filled = "yes";
  row.append(el("div", { class: "body" },
    scenario.note ? el("div", { class: "note" }, el("h4", null, "Why it matters"), el("p", null, scenario.note)) : null,
    facts(scenario),
    quote(scenario),
    ...distinct(scenario).map((group) => finding(scenario, group)),
    written(scenario)));
}

function facts(scenario) {
  const line = (name, ...value) => el("div", null, el("dt", null, name), el("dd", null, ...value));
  const cited = scenario.lines.map((text) => el("a", { href: `#line=${text.split("-")[0]}` }, text));
  const spaced = cited.flatMap((link, index) => (index ? [", ", link] : [link]));
  const commands = scenario.commands.flatMap((command, index) => [index ? ", " : null,
    rowMembers.has(`command=${command}`) ? el("a", { href: `#command=${encodeURIComponent(command)}` }, command) : command]);
  const bounds = [scenario.since ? `from ${scenario.since}` : null, scenario.until ? `up to ${scenario.until}` : null];
  const list = el("dl", { class: "about" },
    line("Level", scenario.level),
    line("Section", scenario.section),
    cited.length ? line("Lines of protocol.txt", ...spaced) : null,
    scenario.commands.length ? line("Commands", ...commands) : null,
    scenario.requires.length ? line("Needs", scenario.requires.join(", ")) : null,
    bounds.some(Boolean) ? line("memcached", bounds.filter(Boolean).join(", ")) : null,
    scenario.scope === "server" ? line("Scope", "the whole server") : null,
    line("Link", el("a", { href: `#open=${encodeURIComponent(scenario.id)}` }, scenario.id)));
  return list;
}

// The cited sentences, when a protocol.txt was at hand.
function quote(scenario) {
  if (!data.spec || !scenario.ranges.length) return null;
  const cited = scenario.ranges.map(([from, to]) => specLines(from, to)).filter((lines) => lines.length);
  if (!cited.length) return null;
  return el("pre", { class: "quote", tabindex: "0", "aria-label": "The cited lines of protocol.txt" },
    cited.map((lines) => lines.join("\n")).join("\n…\n"));
}

// Results that are the same but for the target, together.
function distinct(scenario) {
  const groups = new Map();
  targets.forEach((_, target) => {
    const found = result(target, scenario.index);
    if (!found) return;
    const key = JSON.stringify([found.verdict, found.transcript, found.reason, found.want, found.got, found.baseline, found.reference]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(found);
  });
  return [...groups.values()].sort((left, right) => WORST.indexOf(KINDS[left[0].verdict][0]) - WORST.indexOf(KINDS[right[0].verdict][0]));
}

function finding(scenario, group) {
  const [first] = group;
  const bad = ["bad", "warn"].includes(KINDS[first.verdict][0]);
  const times = group.map((found) => found.milliseconds);
  const box = el("div", { class: "found" }, el("div", { class: "found-head" },
    chip(first.verdict),
    many ? group.map((found) => el("span", { class: "tag" }, targets[found.target].name)) : null,
    first.baseline ? el("span", { class: "tag" }, `baseline: ${first.baseline}`) : null,
    el("span", { class: "small" }, Math.max(...times) > 0 ? `${Math.max(...times)} ms` : null)));
  if (first.reason) box.append(el("p", null, first.reason));
  if (first.want !== null || (bad && first.got !== null)) box.append(compare(first.want, first.got, first.at));
  if (first.transcript !== null) {
    box.append(el("div", null, el("h4", null, "On the wire"), dialogue(data.transcripts[first.transcript], first.target, bad, scenario)));
  }
  if (first.like) box.append(likeness(group));
  if (first.reference) box.append(besideReference(first, scenario));
  for (const found of group) {
    if (targets[found.target].link) {
      const href = `${targets[found.target].link}#open=${encodeURIComponent(scenario.id)}`;
      box.append(el("p", null, el("a", { href }, `The dialogue, on the page of ${targets[found.target].name}`)));
    }
  }
  if (first.replay) box.append(el("div", null, el("h4", null, "Replay"), command(first.replay)));
  return box;
}

function likeness(group) {
  const { like } = group[0];
  const named = (same) => Object.keys(like).filter((version) => like[version] === same).sort(compareVersions).join(", ");
  const parts = [named(true) ? `Answered as memcached ${named(true)}` : "Answered as no memcached answers",
    named(false) ? `unlike ${named(false)}` : null];
  return el("p", { class: "small" }, `${parts.filter(Boolean).join(", ")}.`);
}

// What the reference said to the same script, beside what the target said.
function besideReference(found, scenario) {
  const { outcome, transcript, same, got, ours, reason, step } = found.reference;
  const { name, reference } = targets[found.target];
  const box = el("div", { class: "reference" }, el("h4", null, `Beside ${reference ?? "the reference"}`));
  if (same === null) box.append(el("p", null, `Not compared: ${reason ?? outcome}`));
  else if (same) box.append(el("p", null, reason ?? "The reference answers the same."));
  else {
    const where = step ? ` at line ${step} of the talk` : "";
    const allowed = outcome === "match" && found.outcome === "match" ? "; the scenario allows both answers" : "";
    box.append(el("p", null, `${name} differs from the reference${where}${allowed}.`), answers([name, reference ?? "The reference"], [ours, got]));
  }
  if (transcript !== null) {
    box.append(el("details", null, el("summary", null, "The reference on the wire"), dialogue(data.transcripts[transcript], found.target, false, scenario)));
  }
  return box;
}

function command(text) {
  const button = el("button", { type: "button", class: "plain" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousSibling);
      button.textContent = "Selected";
    }
  });
  return el("div", { class: "command" }, el("code", null, text), button);
}

// The scenario as its author wrote it, with the steps marked at which targets differed.
function written(scenario) {
  if (!scenario.talk) return null;
  const steps = new Set(targets.map((_, target) => result(target, scenario.index)?.step).filter(Boolean));
  const pre = el("pre", { class: "talk", tabindex: "0", "aria-label": "The scenario as written" });
  scenario.talk.replace(/^\n|\n$/g, "").split("\n").forEach((text, index) => {
    pre.append(steps.has(index + 1) ? el("span", { class: "at" }, text || " ") : `${text}\n`);
  });
  return el("details", null, el("summary", null, `As written in ${scenario.file}`), pre);
}
