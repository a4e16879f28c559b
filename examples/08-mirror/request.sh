#!/bin/sh
# Who answers, and what came of the copy.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}
admin=${REMORA_ADMIN_URL:-http://127.0.0.1:8081}

printf 'answered by: '
curl -s -o /dev/null -D - "$url/v1/chat/completions" \
  -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
  -d '{"model": "chat", "messages": [{"role": "user", "content": "Say hello."}]}' |
  tr -d '\r' | sed -n 's/^x-remora-deployment: //p'
until curl -s "$admin/api/mirrors" | grep -q deployment; do sleep 0.2; done
echo 'copied to:'
curl -s "$admin/api/mirrors" | grep -oE '"(deployment|tenant|end|costNanos)":("[^"]*"|[0-9]+)'
