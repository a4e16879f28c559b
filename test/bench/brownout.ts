import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { hashOf, keys, startGateway, type ConfigData, type RunningGateway } from '../e2e/gateway.ts';
import { writePage } from './page.ts';

// `npm run bench:brownout`: what users notice while one of three providers browns out: 30 % of its answers are 503, and all take 5 s.
// Requests come at a steady rate, whatever becomes of them; half of them are streams.

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '60' },
    warmup: { type: 'string', default: '20' },
    strategy: { type: 'string', default: 'weighted' },
    markdown: { type: 'string' },
  },
});

/** A provider that answers after about 200 ms, or as browned out as it is told. */
interface Provider {
  url: string;
  asked: number;
  isBrownedOut: boolean;
  stop(): Promise<void>;
}

const usualMs = 200;
const brownedOutMs = 5000;
const refusedShare = 0.3;

async function startProvider(random: () => number): Promise<Provider> {
  const provider: Provider = { url: '', asked: 0, isBrownedOut: false, stop: async () => {} };
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    provider.asked++;
    const { isBrownedOut } = provider;
    const { stream = false, model } = JSON.parse(await text(incoming)) as { stream?: boolean; model: string };
    await sleep(isBrownedOut ? brownedOutMs : usualMs * (0.75 + random() / 2));
    if (isBrownedOut && random() < refusedShare) return json(response, 503, { error: { message: 'Overloaded', type: 'server_error' } });
    if (!stream) return json(response, 200, completion(model));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events(model)) response.write(`data: ${event}\n\n`);
    response.end();
  };
  const server = createServer((incoming, response) => void answer(incoming, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  provider.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`;
  provider.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return provider;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  const bytes = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) });
  response.end(bytes);
}

const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 };
const completion = (model: string): unknown => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: 'All is well.' }, finish_reason: 'stop' }],
  usage,
});

function events(model: string): string[] {
  const chunk = (delta: unknown, finish: string | null = null): string =>
    JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: finish }] });
  const last = JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [], usage });
  return [chunk({ role: 'assistant', content: '' }), chunk({ content: 'All is ' }), chunk({ content: 'well.' }), chunk({}, 'stop'), last, '[DONE]'];
}

interface Answered {
  ok: boolean;
  ms: number;
  status: number;
}

/** One request; it is good where all of its answer came. */
async function ask({ url }: RunningGateway, stream: boolean): Promise<Answered> {
  const startedAt = performance.now();
  const done = (ok: boolean, status: number): Answered => ({ ok, status, ms: performance.now() - startedAt });
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.open}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'How are you?' }] }),
    });
    const body = await response.text();
    return done(response.status === 200 && body.includes('well.') && (!stream || body.includes('[DONE]')), response.status);
  } catch {
    return done(false, 0);
  }
}

/** Requests at a steady rate for a time. */
async function load(gateway: RunningGateway, seconds: number): Promise<Answered[]> {
  const rate = Number(values.rate);
  const startedAt = performance.now();
  const answers = Array.from({ length: Math.round(seconds * rate) }, async (_, index) => {
    await sleep(Math.max(0, startedAt + (index / rate) * 1000 - performance.now()));
    return ask(gateway, index % 2 === 1);
  });
  return Promise.all(answers);
}

interface Summary {
  requests: number;
  succeeded: number;
  p50: number;
  p95: number;
  p99: number;
  statuses: Record<string, number>;
}

function summary(answers: readonly Answered[]): Summary {
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const statuses: Record<string, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return { requests: answers.length, succeeded: answers.filter(({ ok }) => ok).length, p50: at(0.5), p95: at(0.95), p99: at(0.99), statuses };
}

const config = (providers: readonly Provider[]): ConfigData => ({
  providers: Object.fromEntries(providers.map(({ url }, index) => [`p${index}`, { kind: 'openai-compatible', baseUrl: url, apiKey: 'sk-bench' }])),
  models: {
    m: { strategy: values.strategy, targets: providers.map((_, index) => ({ provider: `p${index}`, model: 'm', price: { input: 1, output: 1 } })) },
  },
  resilience: { breaker: { slow: '1s', slowRate: '50%', minRequests: 10, window: '10s' } },
  tenants: { open: { keys: [{ name: 'bench', hash: hashOf(keys.open) }] } },
});

const providers = await Promise.all([0, 1, 2].map(() => startProvider(Math.random)));
const gateway = await startGateway(config(providers));
try {
  const seconds = Number(values.seconds);
  await load(gateway, 3); // connections and code are warm
  const healthy = summary(await load(gateway, Number(values.warmup)));
  const [sick] = providers;
  if (sick === undefined) throw new Error('there is no provider');
  sick.isBrownedOut = true;
  sick.asked = 0;
  const brownout = summary(await load(gateway, seconds));
  const asked = sick.asked;
  sick.isBrownedOut = false;
  await sleep(8000); // a probe may still be out
  sick.asked = 0;
  const after = summary(await load(gateway, Number(values.warmup)));
  const rows = Object.entries({ healthy, 'brown-out': brownout, after }).map(
    ([name, { requests, succeeded, p50, p95, p99 }]) =>
      `| ${name} | ${requests} | ${((100 * succeeded) / requests).toFixed(2)} % | ${p50.toFixed(0)} | ${p95.toFixed(0)} (${(p95 / healthy.p95).toFixed(2)} x) | ${p99.toFixed(0)} |`,
  );
  const table = ['| phase | requests | succeeded | p50 ms | p95 ms | p99 ms |', '|---|---|---|---|---|---|', ...rows].join('\n');
  const setting = `Three equal providers (${usualMs} ms each), ${values.rate} requests a second, half of them streams, strategy ${values.strategy}; one browns out for ${seconds} s: ${100 * refusedShare} % are 503, all take ${brownedOutMs / 1000} s.`;
  const told = `- The sick provider was asked ${asked} times in its brown-out, and ${sick.asked} times after it (of ${after.requests}).`;
  console.log(`${setting}\n\n${table}\n\n${told}\n\nstatuses: ${JSON.stringify(brownout.statuses)}`);
  if (values.markdown !== undefined) writePage(values.markdown, 'brownout', [setting, table, told]);
} finally {
  await gateway.stop();
  await Promise.all(providers.map((provider) => provider.stop()));
}
