#!/usr/bin/env python3
"""Publishes prices, one channel for each symbol, over one connection. It reads lines such as `ACME 12.50`:
    ./exchange | ./feed.py
"""
import http.client
import os
import sys
from urllib.parse import quote, urlsplit

server = urlsplit(os.environ.get("HOLDLINE", "http://127.0.0.1:8080"))
connection = http.client.HTTPConnection(server.netloc, timeout=10)
for line in sys.stdin:
    symbol, price = line.split()
    try:
        connection.request("POST", "/channels/price-" + quote(symbol, safe=""), price)
        answer = connection.getresponse()
        said = answer.read().decode()
        if answer.status != 200:
            print(symbol, answer.status, said, file=sys.stderr)
    except (OSError, http.client.HTTPException) as error:
        # A price that did not get out is out of date soon: the next one makes a new connection.
        connection.close()
        print(symbol, error, file=sys.stderr)
