import type { Snapshot } from '../config/snapshot.ts';

/** What `up --demo` prints: the key, and requests to paste. */
export function demoBanner({ listen, models }: Snapshot, { key, replaced }: { key: string; replaced: readonly string[] }): string {
  const base = `http://${listen.host}:${listen.port}`;
  const [model = 'fast', other = model] = models.keys();
  const standIns =
    replaced.length === 0
      ? 'All providers are the real ones: requests cost money.'
      : 'Providers whose key is not set are played by built-in demo providers: their answers are made up and cost nothing.';
  return `
${standIns}
Your virtual key, for as long as this runs:

  export KEY=${key}

OpenAI's API, answered by model "${model}":

  curl ${base}/v1/chat/completions -H "Authorization: Bearer $KEY" -H 'content-type: application/json' \\
    -d '{"model": "${model}", "messages": [{"role": "user", "content": "I am bob@example.com. Say hello."}]}'

Anthropic's API, streamed, answered by model "${other}":

  curl -N ${base}/v1/messages -H "x-api-key: $KEY" -H 'content-type: application/json' \\
    -d '{"model": "${other}", "max_tokens": 200, "stream": true, "messages": [{"role": "user", "content": "Say hello."}]}'

Stop with Ctrl-C.
`;
}
