#!/bin/sh
# Who answers a tenant that may go anywhere, and who a hospital that may not.
# KEY is the key that `remora up --demo` printed; the hospital's stands in the config by its hash.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

ask() { # $1: key, $2: model, $3: message
  curl -s -o /dev/null -D - "$url/v1/chat/completions" -H "Authorization: Bearer $1" -H 'content-type: application/json' \
    -d "{\"model\": \"$2\", \"messages\": [{\"role\": \"user\", \"content\": \"$3\"}]}" |
    tr -d '\r' | awk '/^x-remora-(deployment|error)/ { print $2 }'
}

printf 'demo, chat:                 '
ask "$KEY" chat 'Say hello.'
printf 'hospital, chat:             '
ask rk-example-hospital chat 'Say hello.'
printf 'hospital, chat with an SSN: '
ask rk-example-hospital chat 'My social security number is 536-90-4399.'
printf 'hospital, gpt-5:            '
ask rk-example-hospital gpt-5 'Say hello.'
