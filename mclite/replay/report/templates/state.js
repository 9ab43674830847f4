// What the reader chose to see. It lives in the fragment of the address, so that a link opens the same view.

const EMPTY = { verdict: [], level: [], command: "", feature: "", version: "", target: "", line: "", q: "", differ: "", reference: "", open: [] };
const LISTS = ["verdict", "level", "open"];
const FILTERS = ["verdict", "level", "command", "feature", "version", "target", "line", "q", "differ", "reference"];

let state = { ...EMPTY };

function readFragment() {
  const fragment = location.hash.slice(1);
  if (!fragment.includes("=")) return null;
  const found = { ...EMPTY };
  for (const [name, value] of new URLSearchParams(fragment)) {
    if (LISTS.includes(name)) found[name] = value.split(",").filter(Boolean);
    else if (name in EMPTY) found[name] = value;
  }
  found.verdict = found.verdict.filter((verdict) => verdict in KINDS);
  if (!(Number(found.target) >= 1 && Number(found.target) <= targets.length)) found.target = "";
  return found;
}

function fragmentOf(view) {
  const parts = [];
  for (const name of [...FILTERS, "open"]) {
    const value = LISTS.includes(name) ? view[name].join(",") : view[name];
    if (value) parts.push(`${name}=${encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%2C", ",")}`);
  }
  return parts.join("&");
}

function writeFragment() {
  const fragment = fragmentOf(state);
  history.replaceState(null, "", fragment ? `#${fragment}` : `${location.pathname}${location.search}`);
}

function filtering(view) {
  return FILTERS.some((name) => view[name].length > 0);
}

// The targets that filters look at: all, or the one that was chosen.
function chosenTargets(view) {
  return view.target ? [Number(view.target) - 1] : targets.map((_, number) => number);
}

const rowMembers = new Map(data.rows.map(([kind, name, , members]) => [`${kind}=${name}`, new Set(members)]));

// Whether targets that had the scenario are unlike: by kind of verdict, or as different versions of memcached.
const differing = new Set(data.differing);

function compareVersions(left, right) {
  const numbers = (text) => text.split(".").map(Number);
  const [a, b] = [numbers(left), numbers(right)];
  for (let position = 0; position < Math.max(a.length, b.length); position += 1) {
    const order = (a[position] ?? 0) - (b[position] ?? 0);
    if (order) return order;
  }
  return 0;
}

// Whether a guard such as `1.4.15..1.5.22,1.6.9` holds of a version.
function holds(guard, version) {
  return guard.split(",").some((range) => {
    const [low, high = low] = range.split("..");
    return compareVersions(low, version) <= 0 && compareVersions(version, high) <= 0;
  });
}

// All versions at which something changes, oldest first.
const versions = [...new Set(scenarios.flatMap(({ since, until, index }) => [since, until,
  ...targets.flatMap((_, target) => Object.keys(likeOf(target, index) ?? {}).flatMap((guard) => guard.split(/,|\.\./)))])
  .filter(Boolean))].sort(compareVersions);

function matchesVersion(scenario, wanted, chosen) {
  const likes = chosen.map((target) => likeOf(target, scenario.index)).filter(Boolean);
  if (wanted === "apart") return likes.length > 0 || scenario.since !== null || scenario.until !== null;
  if (wanted.startsWith("unlike-")) return likes.some((like) => !Object.keys(like).some((guard) => like[guard] && holds(guard, wanted.slice(7))));
  return appliesTo(scenario, wanted);
}

function appliesTo({ since, until }, version) {
  return (!since || compareVersions(since, version) <= 0) && (!until || compareVersions(version, until) <= 0);
}

const haystacks = [];

function haystack(index) {
  if (haystacks[index] === undefined) {
    const { id, title, section, note, talk, commands, lines } = scenarios[index];
    const said = targets.flatMap((_, target) => {
      const found = result(target, index);
      return found ? [found.reason, found.want, found.got, found.reference?.got] : [];
    });
    haystacks[index] = [id, title, section, note, talk, commands.join(" "), lines.join(" "), ...said]
      .filter(Boolean).join("\n").toLowerCase();
  }
  return haystacks[index];
}

function matcher(view) {
  const chosen = chosenTargets(view);
  const members = view.command ? rowMembers.get(`command=${view.command}`) ?? new Set()
    : view.feature ? rowMembers.get(`feature=${view.feature}`) ?? new Set() : null;
  const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
  const line = Number(view.line);
  return (scenario) => {
    const found = chosen.map((target) => verdictOf(target, scenario.index)).filter(Boolean);
    return found.length > 0
      && (view.verdict.length === 0 || found.some((verdict) => view.verdict.includes(verdict)))
      && (view.level.length === 0 || view.level.includes(scenario.level))
      && (members === null || members.has(scenario.index))
      && (!view.differ || differing.has(scenario.index))
      && (!view.reference || chosen.some((target) => unlikeReference(target, scenario.index)))
      && (!view.line || scenario.ranges.some(([from, to]) => from <= line && line <= to))
      && (!view.version || matchesVersion(scenario, view.version, chosen))
      && words.every((word) => haystack(scenario.index).includes(word));
  };
}
