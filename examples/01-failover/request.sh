#!/bin/sh
# Seven requests: which deployment answers each, and after how many attempts.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

for number in 1 2 3 4 5 6 7; do
  printf '%s: ' "$number"
  curl -s -o /dev/null -D - "$url/v1/chat/completions" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
    -d '{"model": "chat", "messages": [{"role": "user", "content": "Say hello."}]}' |
    tr -d '\r' | awk '/^x-remora-deployment/ { who = $2 } /^x-remora-attempts/ { n = $2 } END { print who ", attempts: " n }'
  sleep 0.5
done
