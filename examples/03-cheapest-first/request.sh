#!/bin/sh
# Who answers a short question with a long answer, and who a long text with a short one.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

ask() { # $1: most output tokens, $2: the message
  curl -s -o /dev/null -D - "$url/v1/chat/completions" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
    -d "{\"model\": \"gpt-oss\", \"max_tokens\": $1, \"messages\": [{\"role\": \"user\", \"content\": \"$2\"}]}" |
    tr -d '\r' | sed -n 's/^x-remora-deployment: //p'
}

report=$(awk 'BEGIN { for (i = 1; i <= 500; i++) printf "On day %d all was well. ", i }')
printf 'a story:   '
ask 500 'Tell me a story.'
printf 'a summary: '
ask 50 "Sum up in one sentence: $report"
