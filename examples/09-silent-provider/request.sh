#!/bin/sh
# What becomes of streams whose provider is silent, fails half way, or stalls half way.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

stream() { # $1: model; more goes to curl
  model=$1
  shift
  curl -sN "$url/v1/chat/completions" "$@" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
    -d "{\"model\": \"$model\", \"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"Say hello.\"}]}"
}

for number in 1 2 3; do
  stream chat -o /dev/null -D - | tr -d '\r' |
    awk '/^x-remora-deployment/ { who = $2 } /^x-remora-attempts/ { n = $2 } END { print "silent: " who ", attempts: " n }'
  sleep 0.5
done
printf 'fails half way: '
stream fails-half-way | grep '{"error"'
printf 'stalls half way: '
stream stalls-half-way > /dev/null || echo 'the connection breaks'
