"""The page in a real browser: clicking, filtering, links, keys, hostile answers, accessibility, speed.

Needs Chromium and its driver (Debian: chromium, chromium-driver), and selenium. The accessibility check also needs
axe-core (npm install axe-core): its axe.min.js is looked for in node_modules, or where AXE_CORE says.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import changes, html, naming, publish, spec
from mclite.replay.results import diff
from mclite.replay.results import read as results
from mclite.replay.results.document import Results

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

from selenium.webdriver.chrome.service import Service  # noqa: E402  (after the check that it is there)
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed (apt-get install chromium-driver)"
    ),
]
AXE = Path(os.environ.get("AXE_CORE") or Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js")

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1280,1000",
)  # fmt: skip


class Tab:
    """A browser tab on one page, with the few actions that a reader has."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def show(self, runs: list[Any], fragment: str = "", **options: Any) -> None:
        """Make the page of `runs` and open it at `fragment`."""
        page = self.folder / "page.html"
        page.write_text(html.render([run if isinstance(run, Results) else typed(run) for run in runs], **options))
        self.open(page, fragment)

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a page as if it were new."""
        self.driver.get("about:blank")
        self.driver.get(page.as_uri() + (f"#{fragment}" if fragment else ""))

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script says."""
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> Any:
        """Return the element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[Any]:
        """Return the elements of a selector."""
        return list(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def click(self, what: Any) -> None:
        """Click an element, or the one of a selector, in the middle of the screen."""
        element = self.one(what) if isinstance(what, str) else what
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def shown(self) -> list[str]:
        """Return the titles of the scenarios that the filters let through, in order; closed chapters stay closed."""
        closed = self.run(
            "const closed = [...document.querySelectorAll('.chapter:not([hidden]):not([open])')];"
            "for (const one of closed) one.open = true; return closed"
        )
        self.until(lambda: not self.all(".chapter:not([hidden]) .rows:empty"))
        return list(
            self.run(
                "const titles = [...document.querySelectorAll('.chapter:not([hidden]) .row .title')]"
                ".map((node) => node.textContent);"
                "for (const one of arguments[0]) one.open = false; return titles",
                closed,
            )
        )

    def open_all(self, selector: str) -> None:
        """Open what a selector names, and wait until chapters have their rows."""
        self.run("for (const node of document.querySelectorAll(arguments[0])) node.open = true", selector)
        self.until(lambda: not self.all(".chapter[open]:not([hidden]) .rows:empty"))

    def opened(self) -> list[str]:
        """Return the titles of the scenarios that are open."""
        return list(
            self.run("return [...document.querySelectorAll('.row[open] .title')].map((node) => node.textContent)")
        )

    def fragment(self) -> str:
        """Return the fragment of the address."""
        return str(self.run("return decodeURIComponent(location.hash)"))

    def complaints(self) -> list[str]:
        """Return what the browser's console complained about since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def until(self, check: Callable[[], object]) -> None:
        """Wait until `check` is true, 5 seconds at most."""
        end = time.monotonic() + 5
        while not check():
            assert time.monotonic() < end, "the page did not come to it"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def tab(browser: Any, tmp_path: Path) -> Iterator[Tab]:
    tab = Tab(browser, tmp_path)
    yield tab
    assert tab.complaints() == [], "the console stays silent"


def failing(run: dict[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    return [one for one in run["scenarios"] if one["verdict"] == "fail" and wanted.items() <= one.items()]


def test_verdict_buttons_filter_and_the_address_keeps_it(tab: Tab, make: Any) -> None:
    run = make(size=220, fail=0.3)
    tab.show([run])
    assert len(tab.shown()) == 220
    tab.click(".toggle[data-value=fail]")
    assert sorted(tab.shown()) == sorted(one["title"] for one in failing(run))
    assert tab.fragment() == "#verdict=fail"
    assert tab.one(".toggle[data-value=fail]").get_attribute("aria-pressed") == "true"
    tab.click(".toggle[data-value=differs]")
    assert tab.fragment() == "#verdict=fail,differs"
    assert tab.one("#shown").text == f"{len(tab.shown())} of 220 scenarios"
    tab.click(next(button for button in tab.all(".plain") if button.text == "Clear filters"))
    assert len(tab.shown()) == 220
    assert tab.fragment() == ""


def test_a_shared_link_opens_the_same_view(tab: Tab, make: Any) -> None:
    run = make(size=220, fail=0.2)
    wanted = failing(run, chapter="storage", level="must")[0]
    tab.show([run])
    tab.one("#q").send_keys(wanted["title"].split()[-6])
    tab.click(".toggle[data-value=fail]")
    tab.click(".toggle[data-value=must]")
    tab.until(lambda: "q=" in tab.fragment())
    row = next(row for row in tab.all(".row") if row.is_displayed() and wanted["title"] in row.text)
    tab.click(row.find_element(By.CSS_SELECTOR, "summary"))
    tab.until(lambda: "open=" in tab.fragment())
    before, link = tab.shown(), tab.fragment()
    tab.open(tab.folder / "page.html", link[1:])
    assert tab.shown() == before
    assert tab.opened() == [wanted["title"]]
    assert tab.fragment() == link
    assert tab.one("#q").get_attribute("value")
    box = tab.run("return document.querySelector('.row[open]').getBoundingClientRect().top")
    assert 0 <= box < 400, "the scenario is in sight"


def test_each_filter_alone(tab: Tab, make: Any) -> None:
    run = make(size=220, fail=0.1)
    telling = [one["title"] for one in run["scenarios"] if one.get("like")]
    since = [one["title"] for one in run["scenarios"] if one["since"]]
    assert telling
    assert since
    for fragment, titles in {
        "level=should": [one["title"] for one in run["scenarios"] if one["level"] == "should"],
        "command=cas": [one["title"] for one in run["scenarios"] if one["file"] == "storage/cas.toml"],
        "feature=udp": [one["title"] for one in run["scenarios"] if one["chapter"] == "udp"],
        "version=1.6.9": [one["title"] for one in run["scenarios"] if not one["since"]],
        "version=1.6.38": [one["title"] for one in run["scenarios"]],
        "version=unlike-1.6.9": telling,
        "version=apart": list({*telling, *since}),
        "line=300": [
            one["title"]
            for one in run["scenarios"]
            if int(one["lines"][0].split("-")[0]) <= 300 <= int(one["lines"][0].split("-")[1])
        ],
        "q=NOT_STORED": [one["title"] for one in run["scenarios"] if one.get("got")],
        "q=metadump+lru": [one["title"] for one in run["scenarios"] if one["chapter"] == "lru_crawler"],
        "q=nowhere-to-be-found": [],
    }.items():
        tab.show([run], fragment)
        assert sorted(tab.shown()) == sorted(titles), fragment
        assert tab.one("#none").is_displayed() == (not titles)


def test_the_support_table_leads_to_its_scenarios(tab: Tab, fleet: Any) -> None:
    runs = fleet(220)
    tab.show(runs)
    tab.click("a.cell[href='#command=cas&target=6']")
    assert tab.fragment() == "#command=cas&target=6"
    assert len(tab.shown()) == sum(one["file"] == "storage/cas.toml" for one in runs[5]["scenarios"])
    assert tab.one("select[name=target]").get_attribute("value") == "6"
    tab.driver.back()
    tab.until(lambda: len(tab.shown()) == 220)
    tab.driver.forward()
    tab.until(lambda: len(tab.shown()) < 220)


def test_parts_of_the_page_are_reached_without_losing_the_view(tab: Tab, make: Any) -> None:
    tab.show([make(size=100, fail=0.1)], "verdict=fail")
    tab.click(".bar-nav a[href='#support']")
    assert tab.fragment() == "#verdict=fail"
    assert tab.run("return document.activeElement.id") == "support"


def test_everything_works_from_the_keyboard(tab: Tab, make: Any) -> None:
    run = make(size=220, fail=0.1)
    tab.show([run])
    tab.press("/")
    assert tab.run("return document.activeElement.id") == "q"
    tab.press("decr")
    tab.until(lambda: "q=decr" in tab.fragment())
    titles = tab.shown()
    assert 0 < len(titles) < 30
    tab.press(Keys.ARROW_DOWN)
    focused = "return document.activeElement.closest('.row')?.querySelector('.title').textContent"
    assert tab.run(focused) == titles[0]
    tab.press("j")
    assert tab.run(focused) == titles[1]
    tab.press(Keys.ENTER)
    tab.until(lambda: tab.opened() == [titles[1]])
    tab.press("k")
    assert tab.run(focused) == titles[0]
    tab.press("/")
    assert tab.one("#q").get_attribute("value") == "decr", "the key itself is not typed"
    tab.press(Keys.ESCAPE)
    assert len(tab.shown()) == 220
    tab.click("body")
    tab.press("?")
    assert tab.one("#help").is_displayed()
    tab.press(Keys.ESCAPE)
    assert not tab.one("#help").is_displayed()


def test_every_control_can_be_reached_with_the_tab_key(tab: Tab, make: Any) -> None:
    tab.show([make(size=100, fail=0.1)])
    tab.run("document.getElementById('q').focus()")
    reached = []
    for _ in range(25):
        tab.press(Keys.TAB)
        reached.append(tab.run("const e = document.activeElement; return e.name || e.textContent.slice(0, 8)"))
    assert "version" in reached
    assert any(name.startswith("fail") for name in reached)
    assert any(name.startswith("must") for name in reached)
    assert any(name.startswith("keys") for name in reached), "the first chapter"


def test_single_keys_can_be_switched_off(tab: Tab, make: Any) -> None:
    tab.show([make()])
    tab.click(next(button for button in tab.all(".plain") if button.text == "Keys"))
    tab.click("#keys-on")
    tab.press(Keys.ESCAPE)
    tab.click("h2")
    tab.one("body").send_keys("/")
    assert tab.run("return document.activeElement.id") != "q"


def test_an_open_scenario_says_all(tab: Tab, make: Any) -> None:
    run = make(size=220, fail=0.3)
    one = next(one for one in failing(run) if one["note"])
    one |= {"want": "VALUE a 0 1\\r\\n", "got": "VALUE a 0 \\x00\\t\\r\\n", "at": 10}
    tab.show([run], f"open={one['id']}")
    row = tab.one(".row[open]")
    for text in (
        one["note"],
        one["section"],
        one["lines"][0],
        one["reason"],
        one["replay"],
        one["commands"][-1],
        "must",
    ):
        assert text in row.text
    want, got = (
        [mark.text for mark in side.find_elements(By.CSS_SELECTOR, ".differs")]
        for side in row.find_elements(By.CSS_SELECTOR, ".compare > div")
    )
    assert "".join(want) == "1"
    assert "".join(got) == "\\x00\\t"
    assert len(row.find_elements(By.CSS_SELECTOR, ".first")) == 2
    said = [line.text for line in row.find_elements(By.CSS_SELECTOR, ".dialogue .text")]
    events = run["transcripts"][one["transcript"]]
    assert [text.replace("\n", "") for text in said] == [event[2] for event in events]
    tab.click(row.find_element(By.CSS_SELECTOR, ".body details summary"))
    marked = row.find_element(By.CSS_SELECTOR, ".talk .at").text
    assert marked == one["talk"].split("\n")[one["step"] - 1]


@pytest.mark.parametrize(
    ("want", "got", "at", "marks"),
    [
        ("STORED\\r\\n", "NOT_STORED\\r\\n", 0, ["S", "NOT_"]),
        ("END\\r\\n", "", None, [None, None]),
        ("VERSION 1\\r\\n", "\\r\\n", 0, ["VERSION 1", "\\r"]),
        ("VALUE k {flags:uint} 1\\r\\n", "VALUE k x 1\\r\\n", 8, ["", "x"]),
        ("a\\\\b", "a\\\\c", 2, ["b", "c"]),
        ("x\\{...900 bytes...\\}y", "x\\{...900 bytes...\\}z", 901, ["y", "z"]),
        ("same", "same", None, ["", ""]),
    ],
)
def test_the_bytes_that_differ_are_marked(
    tab: Tab, make: Any, want: str, got: str, at: int | None, marks: list[str | None]
) -> None:
    run = make(size=30)
    one = run["scenarios"][0]
    one |= {"verdict": "fail", "level": "must", "outcome": "mismatch", "want": want, "got": got, "at": at}
    tab.show([run], f"open={one['id']}")
    for side, mark in zip(tab.all(".row[open] .compare > div"), marks, strict=True):
        if mark is not None:
            found = [part.text for part in side.find_elements(By.CSS_SELECTOR, ".differs")]
            assert "".join(found) == mark


def test_targets_are_side_by_side(tab: Tab, fleet: Any) -> None:
    runs = fleet(220)
    one = failing(runs[5])[0]
    tab.show(runs, f"open={one['id']}")
    boxes = tab.all(".row[open] .found")
    assert "twemproxy 0.5.0" in boxes[0].text
    assert "✕ fail" in boxes[0].text
    assert any("✓ pass" in box.text and "memcached 1.6.45" in box.text for box in boxes[1:])
    assert sum(name in box.text for name in naming.labels([typed(run) for run in runs]) for box in boxes) == len(runs)
    squares = tab.all(".row[open] .square")
    ordered = sorted(map(typed, runs), key=naming.in_version_order)
    assert [square.get_attribute("aria-label").split(":")[0] for square in squares] == naming.labels(ordered)


def test_what_differs_between_targets_comes_by_pattern(tab: Tab, make: Any) -> None:
    first, second = make(size=220), make("other", size=220, fail=0.1, seed=5)
    second["scenarios"] = [one for one in second["scenarios"] if one["chapter"] != "wire"]
    unlike = [one for one in second["scenarios"] if one["verdict"] in ("fail", "warn", "differs")]
    tab.show([first, second])
    tab.click("a[href='#differ=1']")
    assert len(tab.shown()) == len(unlike)


def test_what_differs_is_a_request_and_the_answer_of_each(tab: Tab, make: Any) -> None:
    runs = [make(f"memcached {version}", version, size=44) for version in ("1.6.9", "1.6.18", "1.6.45")]
    runs.append(make("other", None, size=44))
    wrong = runs[3]["scenarios"][0]
    wrong |= {"verdict": "fail", "level": "must"}
    events = [list(event) for event in runs[3]["transcripts"][wrong["transcript"]]]
    events[-3][2] = "ERROR\\r\\n"
    runs[3]["transcripts"][wrong["transcript"]] = events
    tab.show(runs)
    tab.click("#differences summary")
    row = tab.one("#differences tbody tr")
    assert [part.text for part in row.find_elements(By.CSS_SELECTOR, ".answer")] == [
        "ERROR\nother",
        "STORED\nmemcached 1.6.9 to 1.6.45",
    ]
    tab.click("#differences tbody a")
    assert tab.opened() == [wrong["title"]]


def test_the_reader_chooses_what_is_printed(tab: Tab, make: Any) -> None:
    tab.show([make(size=100, fail=0.1)])
    parts = {"summary", "support", "deviations", "causes", "scenarios", "spec"}

    def printed() -> set[str]:
        tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        try:
            return {name for name in parts if tab.one(f"#{name}").is_displayed()}
        finally:
            tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert printed() == parts - {"scenarios", "spec"}
    tab.click("#print")
    boxes = {box.text.strip(): box for box in tab.all("#print-choice label")}
    tab.click(boxes["Scenarios"])
    tab.click(boxes["Support"])
    tab.press(Keys.ESCAPE)
    assert printed() == parts - {"support", "spec"}


def test_ten_servers_fit_and_print_on_few_pages(tab: Tab, make: Any) -> None:
    names = [f"memcached 1.6.{number}" for number in range(10, 20)]
    tab.show([make(name, name.split()[1], size=440, fail=0.1, seed=seed) for seed, name in enumerate(names)])
    assert (
        tab.run("const box = document.querySelector('.marks').parentElement; return box.scrollWidth - box.clientWidth")
        <= 0
    )
    heads = [head.get_attribute("title") for head in tab.all(".marks thead th[title]")]
    assert heads == names
    pdf = base64.b64decode(
        tab.driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})["data"]
    )
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) <= 15


def test_the_specification_is_annotated(tab: Tab, make: Any) -> None:
    run = make(size=220, fail=0.05)
    lines = tuple(f"<b>sentence</b> {number}" for number in range(1, spec.LENGTH + 1))
    copy = spec.Spec(Path("protocol.txt"), lines, tuple(range(1, spec.LENGTH + 1)))
    one = failing(run)[0]
    line = one["lines"][0].split("-")[0]
    tab.show([run], f"open={one['id']}", copy=copy)
    assert tab.one(".row[open] .quote").text.startswith(f"<b>sentence</b> {line}\n")
    tab.run("document.getElementById('spec').scrollIntoView()")
    tab.until(lambda: len(tab.all(".spec-line")) == spec.LENGTH)
    shown = tab.one(f".spec-text [data-line='{line}']")
    assert "bad" in shown.get_attribute("class").split()
    tab.click(shown.find_element(By.CSS_SELECTOR, "a"))
    assert tab.fragment() == f"#line={line}"
    assert one["title"] in tab.shown()
    cited = {
        number
        for scenario in run["scenarios"]
        for number in range(int(scenario["lines"][0].split("-")[0]), int(scenario["lines"][0].split("-")[1]) + 1)
    }
    coloured = tab.run(
        "return [...document.querySelectorAll('.spec-line:is(.good, .bad, .warn, .rest)')]"
        ".map((node) => Number(node.dataset.line))"
    )
    assert set(coloured) == {number for number in cited if number <= spec.LENGTH}


def test_another_release_of_the_specification_keeps_the_numbers(tab: Tab, make: Any) -> None:
    run = make(size=220)
    numbers = (0, *range(1, 1001), 0, *range(1101, spec.LENGTH + 1))
    lines = tuple(f"line {number}" if number else "new" for number in numbers)
    tab.show([run], copy=spec.Spec(Path("protocol.txt"), lines, numbers))
    tab.run("document.getElementById('spec').scrollIntoView()")
    tab.until(lambda: len(tab.all(".spec-line")) == len(lines))
    assert "of another release" in tab.one("#spec").text
    assert tab.one(".spec-text [data-line='1200'] .t").text == "line 1200"


def test_without_its_text_there_are_sections_and_lines(tab: Tab, make: Any) -> None:
    tab.show([make(size=220)])
    tab.run("document.getElementById('spec').scrollIntoView()")
    tab.until(lambda: len(tab.all("#spec tbody tr")) == len(spec.SECTIONS))
    assert tab.all(".spec-line") == []
    tab.click("#spec .ranges a")
    assert tab.fragment().startswith("#line=")
    assert tab.shown()


def test_a_hostile_server_stays_text(tab: Tab, hostile: Any, folder: Any, make: Any) -> None:
    runs = [
        results.load(folder.write(run, f"{number}.json")) for number, run in enumerate([hostile(20), make(size=20)])
    ]
    for shown in (runs[:1], runs):
        tab.show(shown)
        tab.open_all("details")
        tab.open_all(".row")
        tab.run("document.getElementById('spec').scrollIntoView()")
        tab.until(lambda: tab.all("#spec tbody tr"))
        assert tab.run("return window.hacked") is None
        assert tab.all("img, main script, iframe, svg script") == []
        assert tab.run("return [...document.querySelectorAll('a')].every((a) => a.protocol === 'file:')")
        assert "<img src=x onerror=window.hacked=1>" in tab.one("body").text


def test_the_policy_of_the_page_stops_what_is_not_its_own(tab: Tab, make: Any) -> None:
    page = tab.folder / "page.html"
    foreign = "<script>window.hacked = 1</script><img src='data:,x' onerror='window.hacked = 1'></body>"
    page.write_text(html.render([typed(make())]).replace("</body>", foreign))
    tab.open(page)
    assert tab.run("return window.hacked") is None
    assert len(tab.shown()) == 60, "the page's own script runs"
    assert all("Content Security Policy" in message for message in tab.complaints())


def test_a_thousand_scenarios_are_laid_out_when_they_are_to_be_seen(tab: Tab, fleet: Any) -> None:
    runs = fleet(1000)
    tab.show(runs)
    assert tab.all(".row") == []
    assert tab.run("return document.getElementsByTagName('*').length") < 12000
    tab.click(".chapter summary")
    tab.until(lambda: tab.all(".row"))
    tab.click(".toggle[data-value=fail]")
    wanted = {one["id"] for run in runs for one in run["scenarios"] if one["verdict"] == "fail"}
    assert len(tab.all(".row")) == len(wanted)


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_nothing_sticks_out_on_any_screen(tab: Tab, fleet: Any, make: Any, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    tab.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for runs in ([make(size=100, fail=0.3)], fleet(100)):
            tab.show(runs, f"open={failing(runs[-1])[0]['id']}")
            assert tab.run("return document.documentElement.scrollWidth") <= width
    finally:
        tab.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not installed (npm install axe-core, or AXE_CORE=axe.min.js)"
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(tab: Tab, fleet: Any, make: Any, scheme: str) -> None:
    tab.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    numbers = tuple(range(200, 400))
    copy = spec.Spec(Path("protocol.txt"), tuple(f"line {number}" for number in numbers), numbers)
    few = fleet(44)
    changed = tab.folder / "changes.html"
    changed.write_text(changes.to_html(diff.compare(typed(few[0]), typed(few[5]))))
    try:
        for runs, options in (([few[5]], {"copy": copy}), (few, {})):
            tab.show(runs, f"open={failing(few[5])[0]['id']}", **options)
            tab.click("#filters .toggle")
            tab.run("document.getElementById('spec').scrollIntoView()")
            tab.until(lambda: tab.all("#spec tbody tr"))
            tab.open_all("details:not(.row)")
            tab.run("for (const node of [...document.querySelectorAll('.row')].slice(0, 6)) node.open = true")
            assert violations(tab) == []
        tab.open(changed)
        assert violations(tab) == []
    finally:
        tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def violations(tab: Tab) -> list[str]:
    """Return what axe finds wrong on the page, a line each."""
    tab.driver.set_script_timeout(120)
    tab.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
    found = tab.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
        ".then((found) => done(JSON.stringify(found.violations)),"
        " (error) => done(JSON.stringify([{id: String(error), nodes: []}])))"
    )
    return [
        f"{one['id']}: {node['html'][:150]} {node.get('failureSummary', '')[:300]}"
        for one in json.loads(found)
        for node in one["nodes"][:3] or [{"html": ""}]
    ]


def test_paper_is_light_and_has_no_controls(tab: Tab, make: Any) -> None:
    tab.show([make(size=100, fail=0.1)])
    tab.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    try:
        assert not tab.one("#filters").is_displayed()
        assert not tab.one(".bar-nav").is_displayed()
        assert tab.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_the_index_leads_to_the_dialogue_on_the_page_of_its_server(tab: Tab, fleet: Any, folder: Any) -> None:
    runs = fleet(220)[4:6]
    paths = [folder.write(run, f"{number}.json") for number, run in enumerate(runs)]
    out = tab.folder / "out"
    publish.pages(paths, out)
    one = failing(runs[1])[0]
    tab.open(out / "index.html", f"open={one['id']}")
    assert tab.all(".row[open] .dialogue") == []
    tab.click(next(link for link in tab.all(".row[open] a") if "twemproxy" in link.text))
    tab.until(lambda: "twemproxy-0.5.0.html" in tab.driver.current_url)
    tab.until(lambda: tab.opened() == [one["title"]])
    assert tab.all(".row[open] .dialogue")


def test_what_differs_from_the_reference_is_found_and_shown(tab: Tab, make: Any, with_reference: Any) -> None:
    run = with_reference(make(size=220), unlike=(0, 40))
    unlike = [one for one in run["scenarios"] if (one.get("reference") or {}).get("same") is False]
    tab.show([run])
    assert "Beside memcached 1.6.9, 2 of" in tab.one("header").text
    assert tab.one(".toggle[data-name=reference] .number").text == "2"
    tab.open_all(".chapter")
    assert len(tab.all(".tag.unlike")) == 2
    tab.click(next(link for link in tab.all("a") if link.text == "See which"))
    assert tab.shown() == [one["title"] for one in unlike]
    assert tab.fragment() == "#reference=differs"
    tab.click(".row:not([hidden]) summary")
    box = tab.one(".row[open] .reference")
    assert "memcached 1.6.45 differs from the reference at line 3 of the talk" in box.text
    names, answers = (
        [part.text for part in box.find_elements(By.CSS_SELECTOR, f".compare {what}")] for what in ("h4", ".wire")
    )
    assert names == ["memcached 1.6.45", "memcached 1.6.9"]
    assert answers == ["STORED\\r\\n", "STORE\\r\\n"]
    assert box.find_element(By.CSS_SELECTOR, ".compare .differs").text == "D"
    tab.click(box.find_element(By.CSS_SELECTOR, "details summary"))
    assert box.find_elements(By.CSS_SELECTOR, ".dialogue li")
    tab.click(".toggle[data-name=reference]")
    assert len(tab.shown()) == 220


def test_a_scenario_that_was_not_compared_says_why(tab: Tab, make: Any, with_reference: Any) -> None:
    run = with_reference(make(size=60))
    last = [one for one in run["scenarios"] if one.get("reference")][-1]
    tab.show([run], f"open={last['id']}")
    assert "Not compared: no meta: it said ERROR" in tab.one(".row[open] .reference").text


def test_without_a_reference_there_is_no_filter_for_it(tab: Tab, make: Any, with_reference: Any) -> None:
    tab.show([make(size=60)])
    assert tab.all(".toggle[data-name=reference]") == []
    tab.show([with_reference(make(size=60)), make(size=60, name="other")], "reference=differs")
    assert len(tab.shown()) == 2
    tab.show([with_reference(make(size=60)), make(size=60, name="other")], "reference=differs&target=2")
    assert tab.shown() == []
