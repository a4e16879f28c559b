#!/bin/sh
# Who answers simple tasks, and who hard ones.
# KEY is the key that `remora up --demo` printed.
set -eu
url=${REMORA_URL:-http://127.0.0.1:8080}

ask() { # $1: the task; more goes to curl
  task=$1
  shift
  curl -s -o /dev/null -D - "$url/v1/chat/completions" "$@" \
    -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \
    -d "{\"model\": \"auto\", \"messages\": [{\"role\": \"user\", \"content\": \"$task\"}]}" |
    tr -d '\r' | awk -v task="$task" '/^x-remora-deployment/ { print $2 ": " task }'
}

ask 'Translate to German: The meeting has been moved to Thursday.'
ask 'Why is the sky blue?'
ask 'Compare event sourcing with change data capture for an order system, step by step.'
ask 'Why is the sky blue?' -H 'x-remora-task: hard'
