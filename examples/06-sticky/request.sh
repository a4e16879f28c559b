#!/bin/sh
# Who answers six conversations of four requests each.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

for conversation in a b c d e f; do
  printf '%s:' "$conversation"
  curl -s -o /dev/null -D - "$url/v1/chat/completions?number=[1-4]" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' -H "x-remora-conversation: $conversation" \
    -d '{"model": "chat", "messages": [{"role": "user", "content": "Say hello."}]}' |
    tr -d '\r' | awk '/^x-remora-deployment/ { printf " %s", $2 }'
  echo
done
