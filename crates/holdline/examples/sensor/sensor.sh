#!/bin/sh
# Publishes what a sensor says, each second; here the temperature of a Linux machine:
#   ./sensor.sh cellar /sys/class/thermal/thermal_zone0/temp
# `holdline publish` keeps one connection. When it breaks it connects again, and no reading comes twice.
set -eu
server=${HOLDLINE:-http://127.0.0.1:8080}
name=$1 file=$2
while awk '{ printf "%.1f\n", $1 / 1000 }' "$file"; do
    sleep "${EVERY:-1}"
done | "${HOLDLINE_PROGRAM:-holdline}" publish "$server/channels/sensor-$name" -
