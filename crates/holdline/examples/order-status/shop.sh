#!/bin/sh
# Tells everybody who looks at an order what has become of it:
#   ./shop.sh 1042 packed
set -eu
server=${HOLDLINE:-http://127.0.0.1:8080}
order=$1 status=$2
# If the answer gets lost, curl sends it again, and the key makes sure that it is published once.
exec curl -sS --fail-with-body --retry 5 --retry-connrefused \
    -H "Idempotency-Key: $order-$status" -H "Content-Type: text/plain; charset=utf-8" \
    --data-raw "$status" "$server/channels/order-$order?event=status"
