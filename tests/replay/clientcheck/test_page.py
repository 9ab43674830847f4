import html
import re
from pathlib import Path

from client_run import some_run as run

from mclite.replay.clientcheck import page, results
from mclite.replay.clientcheck.judge import Finding
from mclite.replay.clientcheck.withheld import Entry
from mclite.replay.report.html import policy_hash


def test_the_page_shows_clients_causes_and_dialogues(tmp_path: Path) -> None:
    bad = results.document(run("fail", Finding("wrong-value", "a gives <b>", 1)), [])
    good = results.document(run("pass"), [])
    page.write([bad, good], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "2 memcached clients: 1 conform, 1 do not" in text
    assert "a gives &lt;b&gt;" in text
    assert "<b>" not in text.replace("<b>a value that the key never had</b>", "")
    assert r"get \xff\r\n" in text
    assert "protocol.txt of memcached" in text


def test_the_page_of_one_client_is_named_after_it() -> None:
    assert "<h1>Some Client 1.0: conforms in all 1 cases</h1>" in page.render([results.document(run("pass"), [])])


def test_the_style_is_the_one_that_the_policy_allows() -> None:
    text = page.render([results.document(run("pass"), [])])
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert policy_hash(style[1]) in html.unescape(text)


def test_what_is_withheld_says_why() -> None:
    entry = Entry("Some Client", ("*",), "told on Monday")
    text = page.render([results.document(run("fail", Finding("injected", "secret", 1)), [entry])])
    assert "told on Monday" in text
    assert "secret" not in text
