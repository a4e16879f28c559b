#!/bin/sh
# How often each deployment answers 100 requests, and who answers one that asks for the canary.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

ask() {
  curl -s -o /dev/null -D - "$@" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
    -d '{"model": "chat", "messages": [{"role": "user", "content": "Say hello."}]}' |
    tr -d '\r' | sed -n 's/^x-remora-deployment: //p'
}

echo '100 requests:'
ask "$url/v1/chat/completions?number=[1-100]" | sort | uniq -c | sort -rn
echo 'with x-canary: yes:'
ask "$url/v1/chat/completions" -H 'x-canary: yes'
