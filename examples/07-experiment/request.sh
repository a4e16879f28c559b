#!/bin/sh
# Which model ten users get, each asking twice, and what the gateway counted.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}
admin=${REMORA_ADMIN_URL:-http://127.0.0.1:8081}

for user in ann ben cleo dan eve fay gus hal ida jon; do
  printf '%s:' "$user"
  curl -s -o /dev/null -D - "$url/v1/chat/completions?number=[1-2]" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
    -d "{\"model\": \"assistant\", \"user\": \"$user\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello.\"}]}" |
    tr -d '\r' | awk '/^x-remora-deployment/ { printf " %s", $2 }'
  echo
done
curl -s "$admin/metrics" | grep '^remora_choices_total'
