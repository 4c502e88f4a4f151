#!/usr/bin/env python3
"""Publishes what a language model writes, while it writes:  ./model "Why?" | ./answer.py 7f3a"""
import codecs
import os
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

channel = os.environ.get("HOLDLINE", "http://127.0.0.1:8080") + "/channels/answer-" + sys.argv[1]
start = time.time_ns()


def publish(number, text, query=""):
    """Publishes once, even if it has to be sent several times: by the key the server knows it."""
    request = Request(channel + query, text.encode(), {"Idempotency-Key": f"{start}-{number}"})
    end = time.monotonic() + 90
    while True:
        try:
            return urlopen(request, timeout=10).read()
        except OSError as error:
            refused = isinstance(error, HTTPError) and error.code < 500 and error.code != 429
            if refused or time.monotonic() > end:
                raise
            time.sleep(1)


decoder, number = codecs.getincrementaldecoder("utf-8")("replace"), 0
while block := os.read(0, 4096):
    # All that has come until now. A character that was cut in two waits for its rest.
    if text := decoder.decode(block):
        number += 1
        publish(number, text)
publish(number + 1, decoder.decode(b"", True), "?event=done")
