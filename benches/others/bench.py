"""Times Python's libraries with inputs that `others`, the program beside this, has written: see its documentation.

For each case and library it prints the case, the library with its version, nanoseconds per item, and the digest of
what came out, with tabs between. A library that is not installed is named on standard error.
"""

import importlib.metadata
import os
import statistics
import sys
import time

BLOCK = 64 << 10


class Digest:
    """As `Digest` in case.rs: FNV-1a of the bytes and of where items end."""

    def __init__(self):
        self.items, self.bytes, self.hash = 0, 0, 0xCBF2_9CE4_8422_2325

    def mix(self, value):
        self.hash = (self.hash ^ value) * 0x100_0000_01B3 & 0xFFFF_FFFF_FFFF_FFFF

    def item(self, *parts):
        for part in parts:
            self.bytes += len(part)
            for byte in part:
                self.mix(byte)
        self.items += 1
        self.mix(0x100 + self.bytes)


class Tally:
    """Takes what came out, and does nothing with it."""

    def item(self, *parts):
        pass


def blocks(data):
    return [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)]


def websockets_decode(data, items, sink):
    from websockets.protocol import OPEN, SERVER, Protocol

    protocol = Protocol(SERVER, state=OPEN, max_size=2 << 20)
    for block in blocks(data):
        protocol.receive_data(block)
        for frame in protocol.events_received():
            sink.item(frame.data)


def wsproto_decode(data, items, sink):
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import BytesMessage

    connection = Connection(ConnectionType.SERVER)
    parts = []
    for block in blocks(data):
        connection.receive_data(block)
        for event in connection.events():
            assert isinstance(event, BytesMessage)
            parts.append(event.data)
            if event.message_finished:
                sink.item(*parts)
                parts = []


def h11_head(data, items, sink):
    import h11

    for _ in range(items):
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(data)
        request = connection.next_event()
        fields = [part for field in request.headers.raw_items() for part in field]
        sink.item(*fields, request.method, request.target)


class Head:
    """What llhttp tells of a head."""

    def on_message_begin(self):
        self.target, self.fields = b"", []

    def on_url(self, url):
        self.target += url

    def on_header(self, name, value):
        self.fields += [name, value]


def httptools_head(data, items, sink):
    import httptools

    head = Head()
    parser = httptools.HttpRequestParser(head)
    for _ in range(items):
        parser.feed_data(data)
        sink.item(*head.fields, parser.get_method(), head.target)


LIBRARIES = {
    "WebSocket": [("websockets", websockets_decode), ("wsproto", wsproto_decode)],
    "HTTP": [("h11", h11_head), ("httptools", httptools_head)],
}


def once(run, data, items, sink):
    start = time.perf_counter_ns()
    run(data, items, sink)
    return time.perf_counter_ns() - start


def main(folder):
    with open(os.path.join(folder, "cases"), encoding="utf-8") as lines:
        cases = [line.rstrip("\n").split("\t") for line in lines]
    for case, items, file in cases:
        with open(os.path.join(folder, file), "rb") as content:
            data = content.read()
        items = int(items)
        for library, run in LIBRARIES.get(case.split()[0], []):
            try:
                version = importlib.metadata.version(library)
            except importlib.metadata.PackageNotFoundError:
                print(f"{library} (Python) is not installed, and left out", file=sys.stderr)
                continue
            digest = Digest()
            run(data, items, digest)
            rounds = [once(run, data, items, Tally()) for _ in range(9)]
            name = f"{library} {version}, Python {sys.version.split()[0]}"
            nanoseconds = statistics.median(rounds) / items
            print(case, name, nanoseconds, digest.items, digest.bytes, f"{digest.hash:x}", sep="\t")


main(sys.argv[1])
