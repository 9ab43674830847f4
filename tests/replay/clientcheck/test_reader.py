from mclite.replay.clientcheck.reader import Reader


def test_pending_is_what_is_not_whole() -> None:
    reader = Reader()
    assert len(reader.feed(b"get a\r\nset b 0 0 3\r\nab")) == 1
    assert reader.pending == b"set b 0 0 3\r\nab"


def test_text_and_binary_are_told_apart_by_the_first_byte() -> None:
    found = Reader().feed(b"\x80\x0a" + bytes(22) + b"mn\r\n")
    assert [request.protocol for request in found] == ["binary", "meta"]
