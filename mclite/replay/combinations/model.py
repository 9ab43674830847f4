"""A small model of protocol.txt: what a server answers to one request after another, in the notation of a talk.

It knows nothing of mclite's server and of no release: each rule cites the lines that state it. Where they are silent
and real memcached had to be asked, the rule says so with `silent`, and what follows from it is only `observed`.
Cas uniques are unknown numbers: the first answer that shows one binds it to a name, later ones must show the same,
and that of a changed item must be another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

#: Answers to what counts and is no number; to the other commands `model` sends nothing that is refused.
NO_NUMBER = "CLIENT_ERROR cannot increment or decrement non-numeric value"
#: Seconds by which a time to live may be less than was asked for: the clock of the server ticks, the machine is busy.
SLACK = 8
_WRAP = 1 << 64


class Cas(NamedTuple):
    """The cas unique of an item."""

    text: str  #: a number, or the name of an unknown one
    before: str = ""  #: the name of the one that it must differ from, if an answer has shown that

    def matches(self, token: str | None) -> bool:
        """Tell whether a token is this one."""
        return token in (f"{{{self.text}}}", self.text)


@dataclass(frozen=True, slots=True)
class Item:
    """What a server keeps under the key."""

    value: str  #: as a talk writes it
    size: int
    cas: Cas
    flags: str = "0"
    ttl: int | None = None  #: None: it never expires
    stale: bool = False
    won: bool = False  #: a client has been told that it won
    fetched: bool = False
    base64: bool = False  #: its key was given in base64
    large: bool = False  #: too large to be a number, or to be kept in one piece


class Model:
    """A server with one key."""

    def __init__(self) -> None:
        self.item: Item | None = None
        self.silent = False  #: something was said that protocol.txt does not say
        self.padded = False  #: a number got shorter
        self._names = 0
        self._bound: set[str] = set()

    # -- the parts of an item

    def new_cas(self, old: Item | None, explicit: str | None = None) -> Cas:
        """Return the cas of an item that was changed: 634-640, and 317-319, for each item has its own."""
        if explicit is not None:
            return Cas(explicit)
        self._names += 1
        return Cas(f"cas{self._names}", old.cas.text if old is not None and old.cas.text in self._bound else "")

    def show_cas(self, item: Item) -> str:
        """Return how an answer shows the cas of an item."""
        name, before = item.cas
        if name.isdigit():
            return name
        if name in self._bound:
            return f"{{{name}}}"
        self._bound.add(name)
        return f"{{{name}:!{before}}}" if before else f"{{{name}:uint}}"

    def alive(self) -> Item | None:
        """Return the item unless it has expired: 243-249."""
        if self.item is not None and self.item.ttl is not None and self.item.ttl < 0:
            self.item = None
        return self.item

    # -- the classic commands

    def classic(self, line: str, data: tuple[str, int] | None = None) -> list[str]:
        """Return the answer to a classic command about the key; `data` is a data block and its length."""
        verb, *words = line.split(" ")
        noreply = words[-1] == "noreply"
        words = words[:-1] if noreply else words
        if verb in ("get", "gets", "gat", "gats"):
            return self.retrieve(verb, words)
        if data is not None:
            said = [self.store(verb, words, data)]
        elif verb == "delete":  # 333-348
            said = ["DELETED" if self.alive() else "NOT_FOUND"]
            self.item = None
        elif verb == "touch":  # 402-423
            item = self.alive()
            said = ["TOUCHED" if item else "NOT_FOUND"]
            if item:
                self.item = replace(item, ttl=time(words[1]), fetched=True)
        else:  # incr, decr: 354-397
            said = [self.count(int(words[1]), verb == "decr")]
        return [] if noreply else said  # 259-263

    def retrieve(self, verb: str, words: list[str]) -> list[str]:
        """Answer get, gets, gat and gats: 288-327, 425-461."""
        ttl, keys = (words[0], words[1:]) if verb.startswith("gat") else (None, words)
        said: list[str] = []
        for _ in keys:
            item = self.alive()
            if item is None:
                continue
            cas = f" {self.show_cas(item)}" if verb.endswith("s") else ""
            said += [f"VALUE {{key}} {item.flags} {item.size}{cas}", item.value]
            self.item = replace(item, fetched=True, ttl=item.ttl if ttl is None else time(ttl))
        return [*said, "END"]

    def store(self, verb: str, words: list[str], data: tuple[str, int]) -> str:
        """Answer set, add, replace, append, prepend and cas: 204-285."""
        item = self.alive()
        if verb == "cas":  # 230-231, 281-285
            if item is None:
                return "NOT_FOUND"
            if not item.cas.matches(words[4]):
                return "EXISTS"
        elif (item is not None) if verb == "add" else (item is None and verb != "set"):  # 216-224, 277-279
            return "NOT_STORED"
        if verb in ("append", "prepend") and item is not None:
            self.item = self.joined(item, data, verb == "append", None)
        else:
            large = data[1] > 500_000
            self.item = Item(*data, self.new_cas(item), words[1], time(words[2]), large=large)  # 235-249
        return "STORED"

    def joined(self, item: Item, data: tuple[str, int], behind: bool, explicit: str | None) -> Item:
        """Return an item with data behind or before its own; flags and time stay: 222-228, 791-792."""
        value = item.value + data[0] if behind else data[0] + item.value
        self.silent |= item.stale or item.won  # it is a new item, without the marks
        return Item(
            value,
            item.size + data[1],
            self.new_cas(item, explicit),
            item.flags,
            item.ttl,
            base64=item.base64,
            large=item.size + data[1] > 500_000,
        )

    def count(self, delta: int, down: bool, explicit: str | None = None) -> str:
        """Count up or down and return the number as text, or why not: 357-364, 387-397, 881-884."""
        item = self.alive()
        if item is None:
            return "NOT_FOUND"
        digits = item.value.removesuffix("\\x20").rstrip(" ")
        if not digits.isdigit() or item.large:
            return NO_NUMBER
        number = max(int(digits) - delta, 0) if down else (int(digits) + delta) % _WRAP
        text = str(number)
        cas = self.new_cas(item, explicit)
        if len(text) <= item.size:  # 394-397: it may be padded, and memcached does
            if len(text) < item.size:
                self.silent = self.padded = True
                padding = " " * (item.size - len(text) - 1) + "\\x20"
                self.item = replace(item, value=text + padding, cas=cas)
            else:
                self.item = replace(item, value=text, cas=cas)
        else:
            self.silent |= item.stale or item.won  # it is a new item, without the marks
            self.item = Item(text, len(text), cas, item.flags, item.ttl, base64=item.base64)
        return text

    # -- the meta commands

    def meta(self, line: str, data: tuple[str, int] | None = None) -> list[str]:
        """Return the answer to a meta command about the key."""
        verb, _, *words = line.split(" ")
        flags = {word[0]: word[1:] for word in (words[1:] if verb == "ms" else words)}
        answer = {"mg": self.mg, "md": self.md, "ma": self.ma}
        return self.ms(flags, data) if verb == "ms" and data is not None else answer[verb](flags)

    def returned(self, flags: dict[str, str], shown: dict[str, str]) -> str:
        """Return what the flags give back, in the order in which they were sent: 109-124."""
        return "".join(f" {letter}{shown[letter]}" for letter in flags if letter in shown)

    def told(self, flags: dict[str, str]) -> dict[str, str]:
        """Return what every answer gives back: the opaque (596-607), and the key (548, 576-577)."""
        return {"O": flags.get("O", ""), "k": "{key|base64} b" if "b" in flags else "{key}"}

    def mg(self, flags: dict[str, str]) -> list[str]:
        """Answer meta get: 494-694."""
        item, created = self.alive(), False
        if item is None and "N" in flags:  # 641-654
            item = Item("", 0, self.new_cas(None, flags.get("E")), base64="b" in flags)  # 634-640
            created = True
        if item is None:  # 535-539, 609-618
            return [] if "q" in flags else ["EN" + self.returned(flags, self.told(flags))]
        value = "v" in flags and not item.cas.matches(flags.get("C"))  # 579-587
        wins = created
        shown = self.told(flags) if item.base64 == ("b" in flags) else {"O": flags.get("O", ""), "k": "{key}"}
        for letter, token in flags.items():
            if letter == "T" or (letter == "N" and created):  # 663-666
                item = replace(item, ttl=time(token))
            elif letter == "R" and not (item.won or created):  # 656-661, 668-675
                wins |= item.ttl is not None and item.ttl < int(token)
        self.silent |= "t" in flags and any(list(flags).index("t") < list(flags).index(x) for x in "TN" if x in flags)
        ttl_first = self._ttl_when_asked(flags, created, self.item)
        shown |= {
            "c": self.show_cas(item) if "c" in flags else "",
            "f": item.flags,
            "h": "1" if item.fetched else "0",  # 589-594
            "l": "{:0..9}",
            "s": str(item.size),
            "t": ttl_first,
        }
        marks = (" Z" if item.won else "") + (" X" if item.stale else "")  # 680-694
        wins |= item.stale and not item.won
        marks += " W" if wins else ""
        self.item = replace(item, won=item.won or wins, fetched=item.fetched or "u" not in flags)  # 622-626
        head = f"VA {item.size}" if value else "HD"  # 517-533
        return [head + self.returned(flags, shown) + marks, *([item.value] if value else [])]

    def _ttl_when_asked(self, flags: dict[str, str], created: bool, old: Item | None) -> str:
        """Return the time to live at the place of t: what stands before it has been done, the rest not yet."""
        ttl = None if created or old is None else old.ttl
        for letter, token in flags.items():
            if letter == "t":
                break
            if letter == "T" or (letter == "N" and created):
                ttl = time(token)
        return shown_time(ttl)

    def ms(self, flags: dict[str, str], data: tuple[str, int]) -> list[str]:
        """Answer meta set: 696-805."""
        item, mode = self.alive(), flags.get("M", "S")
        vivify = mode in "AP" and "N" in flags
        token = flags.get("C")
        match = token is None or (item is not None and item.cas.matches(token))
        late = not match and item is not None and "I" in flags and mode in "SR" and token is not None and "-" in token
        if mode in "SR" and token is not None and not late and not match:  # 731-735, 759-764
            code = "NF" if item is None else "EX"
        elif mode in "AP" and not match and item is not None:  # 797
            code = "EX"
        elif (item is not None) if mode == "E" else (item is None and mode != "S" and not vivify):  # 728-729, 789-793
            code = "NS"
        else:
            code = "HD"
        self.silent |= token is not None and (mode == "E" or (mode in "AP" and item is None))
        size = data[1]
        if code == "HD":
            explicit = flags.get("E")
            if mode in "AP" and item is not None:
                self.item = self.joined(item, data, mode == "A", explicit)
                self.item = replace(self.item, base64="b" in flags or item.base64)
                size = self.item.size
            else:
                ttl = time(flags["N"]) if vivify else time(flags.get("T", "0"))  # 799-805
                cas = self.new_cas(item, explicit)
                self.item = Item(*data, cas, flags.get("F", "0"), ttl, base64="b" in flags, large=size > 500_000)
                if late and item is not None:  # 761-764, 770-772; that the time and the win stay is silent
                    self.silent = True
                    self.item = replace(self.item, stale=True, won=item.won, ttl=item.ttl)
        self.silent |= code != "HD" and ("c" in flags or "s" in flags)  # 755-757
        if code == "HD" and "q" in flags:  # 778-785
            return []
        shown = self.show_cas(self.item) if "c" in flags and code == "HD" and self.item is not None else "0"
        return [code + self.returned(flags, {**self.told(flags), "c": shown, "s": str(size)})]

    def md(self, flags: dict[str, str]) -> list[str]:
        """Answer meta delete: 807-876."""
        item, token = self.alive(), flags.get("C")
        told = self.returned(flags, self.told(flags))
        if item is None:
            return ["NF" + told]
        if token is not None and not item.cas.matches(token):  # 830-831, 847-849
            return ["EX" + told]
        if "x" in flags:  # 872-876: that flags and time go, and the cas stays, is silent
            self.silent = True
            ttl = time(flags.get("T", "0"))
            item = replace(item, value="", size=0, flags="0", ttl=ttl, stale=False, won=False, fetched=False)
            item = replace(item, large=False, cas=Cas(flags["E"]) if "E" in flags else item.cas)
        if "I" in flags:  # 851-855, 866-870
            ttl = time(flags["T"]) if "T" in flags else item.ttl
            item = replace(item, stale=True, won=False, ttl=ttl, cas=self.new_cas(item, flags.get("E")))
        self.item = item if "x" in flags or "I" in flags else None
        return [] if "q" in flags else ["HD" + told]  # 861-864

    def ma(self, flags: dict[str, str]) -> list[str]:
        """Answer meta arithmetic: 878-963."""
        item, token, told = self.alive(), flags.get("C"), self.told(flags)
        created = item is None and "N" in flags
        if item is None and not created:
            return ["NF" + self.returned(flags, told)]
        if created:  # 939-947
            text = flags.get("J", "0")
            self.item = Item(text, len(text), self.new_cas(None, flags.get("E")), base64="b" in flags)
        elif item is not None:
            if not item.value[:1].isdigit() and token is not None:
                self.silent = True  # which of the two is looked at first
            countable = item.size > 0 and not item.large
            if countable and token is not None and not item.cas.matches(token):  # 906-907, 933-937
                return ["EX" + self.returned(flags, told)]
            text = self.count(int(flags.get("D", "1")), flags.get("M", "I") in "D-", flags.get("E"))  # 949-963
            if text == NO_NUMBER:
                return [text]
        assert self.item is not None
        self.silent |= "t" in flags and any(list(flags).index("t") < list(flags).index(x) for x in "TN" if x in flags)
        ttl = self._ttl_when_asked(flags, created, self.item)
        for letter, value in flags.items():
            if letter == "T" or (letter == "N" and created):  # 954-956
                self.item = replace(self.item, ttl=time(value))
        if "q" in flags:  # 925
            return []
        cas = self.show_cas(self.item) if "c" in flags else ""
        head = f"VA {len(text)}" if "v" in flags else "HD"  # 909-912
        said = head + self.returned(flags, {**told, "c": cas, "t": ttl})
        return [said, *([text] if "v" in flags else [])]

    def me(self) -> list[str]:
        """Answer meta debug: 463-492."""
        item = self.alive()
        if item is None:
            return ["EN"]
        exp = "-1" if item.ttl is None else f"{{:{max(0, item.ttl - SLACK)}..{item.ttl}}}"
        fetch = "yes" if item.fetched else "no"
        return [
            f"ME {{key}} exp={exp} la={{:0..9}} cas={self.show_cas(item)} fetch={fetch} cls={{:uint}} size={{:uint}}"
        ]


def time(text: str) -> int | None:
    """Return an expiration time in seconds from now: 142-150, 243-249; -1 for what is expired, None for never."""
    number = int(text)
    return None if number == 0 else max(number, -1)


def shown_time(ttl: int | None) -> str:
    """Return what t shows: 553."""
    return "-1" if ttl is None else f"{{:{max(0, ttl - SLACK)}..{ttl}}}"
