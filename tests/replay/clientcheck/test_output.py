from pathlib import Path

from client_run import some_run

from mclite.replay.clientcheck import output, results


def test_one_client_has_a_page_of_its_own_and_several_share_one(tmp_path: Path) -> None:
    made = results.document(some_run(), [])
    other = results.document(some_run("pass"), [])
    other["client"]["name"] = "Other"
    assert output.write([made], tmp_path) == tmp_path / "client-some-client.html"
    assert output.write([made, other], tmp_path) == tmp_path / "clients.html"
    assert {path.name for path in tmp_path.glob("*.json")} == {"client-some-client.json", "client-other.json"}


def test_a_part_replaces_no_report(tmp_path: Path) -> None:
    made = results.document(some_run(), [], complete=False)
    assert output.write([made], None) is None
    assert output.write([made], tmp_path) == tmp_path / "client-some-client-part.html"
    assert output.write([], tmp_path) is None
