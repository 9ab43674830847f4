// What differs between the servers: scenarios put together by who answers how, the largest group first.

function makeDifferences() {
  const place = document.getElementById("difference-list");
  if (!place) return;
  const groups = new Map();
  scenarios.forEach((scenario, index) => {
    if (!differing[index]) return;
    const key = targets.map((_, target) => signature(target, index));
    const name = JSON.stringify(key);
    if (!groups.has(name)) groups.set(name, { key, members: [] });
    groups.get(name).members.push(scenario);
  });
  const ordered = [...groups.values()].sort((left, right) => severity(right.key) - severity(left.key) || right.members.length - left.members.length);
  const total = ordered.reduce((sum, { members }) => sum + members.length, 0);
  place.replaceChildren(el("p", { class: "explain" }, total
    ? `${plural(total, "scenario")} of ${scenarios.length.toLocaleString("en")} told the servers apart, in ${plural(ordered.length, "pattern")}. `
    : "All servers answer alike.", total ? el("a", { href: "#differ=1" }, "Show them all") : null));
  ordered.forEach((group) => place.append(pattern(group)));
}

function severity(key) {
  return key.some((one) => one.startsWith("bad")) ? 2 : key.some((one) => one.startsWith("warn")) ? 1 : 0;
}

function place(signature) {
  const position = WORST.indexOf(signature.split("|")[0]);
  return position < 0 ? WORST.length : position;
}

const PART_NAMES = { good: "as it should be", bad: "fails", warn: "deviates", rest: "not judged", absent: "not in the run", other: "not of its version" };

function pattern({ key, members }) {
  const parts = new Map();
  key.forEach((one, target) => {
    if (!parts.has(one)) parts.set(one, []);
    parts.get(one).push(targets[target].name);
  });
  const order = [...parts].sort(([left], [right]) => place(left) - place(right));
  const head = el("summary", null, el("b", null, String(members.length)), order.map(([one, names]) => {
    const [kind, as] = one.split("|");
    const word = as ? `${kind === "good" ? "" : `${PART_NAMES[kind]}, `}as ${as.split(",").join(", ")}` : PART_NAMES[kind];
    return el("span", { class: "part" }, el("span", { class: `chip v-${kind}` }, word), names.join(", "));
  }));
  const node = el("details", { class: "pattern" }, head);
  node.addEventListener("toggle", () => {
    if (!node.open || node.dataset.filled) return;
    node.dataset.filled = "yes";
    node.append(el("ul", null, members.map((scenario) => el("li", null, el("a", { href: `#open=${encodeURIComponent(scenario.id)}` }, scenario.title)))));
  });
  return node;
}
