// Start, and go where links and keys say.

// Take a new view; `move` brings its place into sight, as a followed link does.
function go(view, move) {
  state = view;
  showState();
  applyFilters();
  const opened = applyOpen(move);
  writeFragment();
  if (specMade) makeSpec();
  if (state.line && specMade) showSpecLine(state.line);
  if (move && !opened && filtering(state)) {
    const section = document.getElementById("scenarios");
    section.focus({ preventScroll: true });
    section.scrollIntoView({ block: "start" });
  }
}

let specMade = false;

// The specification is long: it is laid out when it is about to be seen.
function watchSpec() {
  const make = () => {
    if (specMade) return;
    specMade = true;
    makeSpec();
    if (state.line) showSpecLine(state.line);
  };
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    make();
  }, { rootMargin: "600px" }).observe(document.getElementById("spec"));
  addEventListener("beforeprint", () => { if (!document.getElementById("spec").classList.contains("unprinted")) make(); });
}

function follow(event) {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const fragment = link.getAttribute("href").slice(1);
  if (link.dataset.line) {
    event.preventDefault();
    showSpecLine(link.dataset.line);
    document.querySelector(".spec-text")?.scrollIntoView({ block: "nearest" });
  } else if (!fragment.includes("=")) {
    // A part of the page: go there, but keep the view that the fragment holds.
    const section = document.getElementById(fragment);
    if (!section) return;
    event.preventDefault();
    section.focus({ preventScroll: true });
    section.scrollIntoView();
  } else {
    event.preventDefault();
    history.pushState(null, "", `#${fragment}`);
    go(readFragment(), true);
  }
}

let keysOn = true;

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !keysOn) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const action = {
    "/": () => {
      const search = document.getElementById("q");
      search.focus({ preventScroll: true });
      document.getElementById("filters").scrollIntoView({ block: "start" });
    },
    j: () => step(1),
    k: () => step(-1),
    "?": showHelp,
  }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function showHelp() {
  const help = document.getElementById("help");
  if (!help.childElementCount) {
    const box = el("input", { type: "checkbox", id: "keys-on" });
    box.checked = true;
    box.addEventListener("change", () => { keysOn = box.checked; });
    const key = (name, text) => [el("dt", null, el("kbd", null, name)), el("dd", null, text)];
    help.append(el("h2", { id: "help-title" }, "Keys"),
      el("dl", null, key("/", "search"), key("j", "next scenario"), key("k", "previous scenario"),
        key("Enter", "open or close it"), key("Esc", "in the search: clear it"), key("?", "this help")),
      el("p", null, el("label", null, box, " single keys are on")),
      button("Close", () => help.close()));
  }
  help.showModal();
}

// Paper has room for some of the page: the reader chooses its parts. Without a choice the long ones are left out.
function showPrint() {
  const choice = document.getElementById("print-choice");
  if (!choice.childElementCount) {
    choice.append(el("h2", { id: "print-title" }, "Print"),
      el("p", { class: "small" }, "Scenarios, differences and causes that are open are printed in full."),
      ...[...document.querySelectorAll("main > section")].map((section) => {
        const box = el("input", { type: "checkbox" });
        box.checked = !section.classList.contains("unprinted");
        box.addEventListener("change", () => section.classList.toggle("unprinted", !box.checked));
        return el("p", null, el("label", null, box, ` ${section.querySelector("h2").textContent}`));
      }),
      button("Print", () => { choice.close(); print(); }), button("Close", () => choice.close()));
  }
  choice.showModal();
}

makeFilters();
makeList();
document.getElementById("print").addEventListener("click", showPrint);
watchSpec();
document.addEventListener("click", follow);
document.addEventListener("keydown", keys);
addEventListener("hashchange", () => {
  const view = readFragment();
  if (view) go(view, true);
});
addEventListener("popstate", () => go(readFragment() ?? { ...EMPTY }, true));
go(readFragment() ?? { ...EMPTY }, true);
