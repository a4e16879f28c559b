#!/bin/sh
# A month of marketing: who answers, and what the budget makes of it. CLOCK is the file that the gateway's clock follows.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}
clock=${CLOCK:-/tmp/remora-clock}

ask() { # prints who answered, or the refusal's code
  curl -s -o /dev/null -D - "$url/v1/chat/completions" \
    -H 'Authorization: Bearer rk-example-marketing' -H 'content-type: application/json' \
    -d '{"model": "campaign", "messages": [{"role": "user", "content": "Write a slogan."}]}' |
    tr -d '\r' | sed -n 's/^x-remora-deployment: //p; s/^x-remora-error: //p'
}

asks() { # $1: how many
  for _ in $(seq "$1"); do ask; done | uniq -c | sed 's/^ *//'
}

now_is() {
  echo "$1" >"$clock"
  sleep 1.5
  echo "$1"
}

now_is 2026-11-10T12:00:00Z
asks 25
now_is 2026-11-30T22:59:50Z
asks 6
now_is 2026-11-30T23:00:01Z
asks 2
