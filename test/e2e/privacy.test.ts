import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { hashOf, keys, startGateway, startWorld, temporaryFolder, type RunningGateway, type World } from './gateway.ts';
import { allBytes, leaked } from './leak.ts';
import { anthropicSdk, openaiSdk, pairs, say, type Question } from './sdks.ts';

/** Personal data as a person might give it; none of it may reach a provider. */
const personal = {
  email: 'Zoe.O-Brien+news@example.co.uk',
  phone: '+49 (30) 901820-123',
  card: '4111-1111-1111-1111',
  ssn: '536-90-4399',
  iban: 'DE89 3704 0044 0532 0130 00',
} as const;
const originals = Object.values(personal);
const everything = `mail ${personal.email}, call ${personal.phone}, card ${personal.card}, SSN ${personal.ssn}, IBAN ${personal.iban}.`;

const models = ['gpt', 'claude'];
const pairings = pairs.flatMap((pair) => [
  { ...pair, mode: 'JSON', stream: false },
  { ...pair, mode: 'streamed', stream: true },
]);
const privately = { key: keys.private };

let world: World;
let gateway: RunningGateway;
let folder: string;
let receiver: { server: Server; received: () => string };

beforeAll(async () => {
  receiver = await startReceiver();
  folder = temporaryFolder();
  world = await startWorld({
    models: { marker: { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] } },
    telemetry: { otlp: `http://127.0.0.1:${portOf(receiver.server)}`, sampling: 1 },
    tenants: { oneway: { keys: [{ name: 'test', hash: hashOf('rk-oneway') }], privacy: { redact: ['email'], restore: false } } },
  });
  gateway = await startGateway(world.config, { folder, env: { REMORA_LOG_LEVEL: 'trace' } });
});

afterAll(async () => {
  await gateway?.stop();
  await world?.stop();
  receiver?.server.close();
});

beforeEach(() => {
  world.openai.clear();
  world.anthropic.clear();
});

/** Takes spans over HTTP and keeps their bytes. */
async function startReceiver(): Promise<typeof receiver> {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk)).on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, received: () => Buffer.concat(bodies).toString('latin1') };
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const sent = () => [...world.openai.requests, ...world.anthropic.requests];
const sentText = (): string => sent().map(allBytes).join('\n');

/** What both providers do from now on. */
function behaveAlways(behaviour: Behaviour): void {
  world.openai.behaveAlways(behaviour);
  world.anthropic.behaveAlways(behaviour);
}

/** Status of the answer to a private tenant's body. */
async function post(body: string): Promise<number> {
  const { status } = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.private}` },
    body,
  });
  return status;
}

const parameters = ['contact', 'phone', 'card', 'ssn', 'iban'];
const asked = (model: string, stream: boolean): Question => ({
  model,
  stream,
  system: `You serve ${personal.email}; the customer's number is ${personal.phone}.`,
  turns: [{ user: `Use file_claim with ${originals.map((original) => `"${original}"`).join(', ')}.` }],
  tools: [
    {
      name: 'file_claim',
      parameters: { type: 'object', properties: Object.fromEntries(parameters.map((name) => [name, { type: 'string' }])), required: parameters },
    },
  ],
});

describe('personal data in system text, messages, tool arguments and tool results', () => {
  test.each(pairings)('comes back exactly and reaches no provider: $client to $provider, $mode', async ({ sdk, model, stream }) => {
    behaveAlways({ writeBytes: 1 });
    const question = asked(model, stream);
    const first = await sdk.ask(gateway, question, privately);
    expect(first.calls.map((call) => JSON.parse(call.arguments))).toEqual([
      { contact: personal.email, phone: personal.phone, card: personal.card, ssn: personal.ssn, iban: personal.iban },
    ]);

    const result = { note: `wrote "${everything}"`, also: personal.iban };
    const results = first.calls.map(({ id }) => ({ id, text: escapedJson(result) }));
    const second = await sdk.ask(gateway, { ...question, turns: [...question.turns, { answer: first }, { results }] }, privately);
    expect(JSON.parse(quotedResult(second.text))).toEqual(result);

    expect(sent().map(({ status }) => status)).toEqual([200, 200]);
    expect(leaked(sentText(), originals)).toEqual([]);
    expect(sentText()).toContain('[EMAIL_1]');
  });

  test.each(pairings)('comes back when the model repeats it in an answer: $client to $provider, $mode', async ({ sdk, model, stream }) => {
    const { text } = await sdk.ask(gateway, say(model, `Please ${everything}`, { stream }), privately);
    expect(text).toContain(`You said: "Please ${everything}"`);
    expect(leaked(sentText(), originals)).toEqual([]);
  });

  test('that stands in the bytes as escapes is found', async () => {
    const hidden = (text: string): string => [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const body = `{"model": "claude", "messages": [{"role": "user", "content": "I am ${hidden(personal.email)}, ${hidden(personal.iban)}"}]}`;
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.private}` },
      body,
    });
    expect(await response.json()).toMatchObject({
      choices: [{ message: { content: expect.stringContaining(`I am ${personal.email}, ${personal.iban}`) } }],
    });
    expect(sent()).toHaveLength(1);
    expect(leaked(sentText(), originals)).toEqual([]);
  });

  test('is restored on a stream whose last words may still become a placeholder', async () => {
    for (const text of ['Write to [EMAIL_1', 'Write to [EMAIL_1]', 'Write to [', 'Write to [EMAIL_12] and [EMAIL_1]']) {
      behaveAlways({ writeBytes: 1, say: { text } });
      for (const model of models) {
        const answer = await openaiSdk.ask(gateway, say(model, `I am ${personal.email}`, { stream: true }), privately);
        expect(answer.text).toBe(text.replaceAll('[EMAIL_1]', personal.email));
      }
    }
  });

  test('stays hidden from the second provider after the first has failed', async () => {
    for (const [model, failing] of [
      ['gpt-then-claude', world.openai],
      ['claude-then-gpt', world.anthropic],
    ] as const) {
      for (const stream of [false, true]) {
        failing.behave({ refuse: { status: 503 } });
        const { text } = await anthropicSdk.ask(gateway, say(model, `Please ${everything}`, { stream }), privately);
        expect(text).toContain(everything);
      }
    }
    expect(sent().map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => expect.toBeOneOf([200, 503])));
    expect(sent().filter(({ status }) => status === 200)).toHaveLength(4);
    expect(leaked(sentText(), originals)).toEqual([]);
    expect(sent().every((request) => allBytes(request).includes('[CARD_1]'))).toBe(true);
  });

  test('in an error that quotes the request back reaches the client only as it was sent to the provider', async () => {
    world.openai.behave({
      refuse: { status: 400, body: { error: { message: 'Bad text: [EMAIL_1]', type: 'invalid_request_error', param: null, code: null } } },
    });
    await expect(openaiSdk.ask(gateway, say('gpt', personal.email), privately)).rejects.toThrow('Bad text: [EMAIL_1]');
    expect(leaked(sentText(), originals)).toEqual([]);
  });
});

test('headers of the client reach no provider', async () => {
  const headers = {
    'x-user-email': personal.email,
    cookie: `user=${personal.email}`,
    'openai-organization': personal.ssn,
    'user-agent': personal.phone,
  };
  for (const { sdk, model } of pairs) await sdk.ask(gateway, say(model), { ...privately, headers });
  expect(sent()).toHaveLength(pairs.length);
  expect(leaked(sentText(), originals)).toEqual([]);
});

describe('what is not to be redacted is left alone:', () => {
  test.each(models)('all that a tenant without privacy sends (%s)', async (model) => {
    const { text } = await openaiSdk.ask(gateway, say(model, everything), { key: keys.open });
    expect(text).toContain(everything);
    expect(leaked(sentText(), originals)).toEqual(originals);
    expect(sentText()).toContain(everything);
  });

  test.each(pairings)('a placeholder that the client wrote itself: $client to $provider, $mode', async ({ sdk, model, stream }) => {
    const user = `Keep [EMAIL_1] and [PHONE_7], but not ${personal.email} or ${personal.phone}.`;
    behaveAlways({ writeBytes: 3 });
    const { text } = await sdk.ask(gateway, say(model, user, { stream }), privately);
    expect(text).toContain(user);
    expect(sentText()).toContain('Keep [EMAIL_1] and [PHONE_7], but not [EMAIL_2] or [PHONE_1].');
    expect(leaked(sentText(), originals)).toEqual([]);
  });

  test('a placeholder that the model made up', async () => {
    behaveAlways({ say: { text: '[EMAIL_1], [EMAIL_2], [CARD_1], [EMAIL_x]' } });
    const { text } = await openaiSdk.ask(gateway, say('gpt', personal.email), privately);
    expect(text).toBe(`${personal.email}, [EMAIL_2], [CARD_1], [EMAIL_x]`);
  });

  test('the answer of a tenant that wants nothing restored', async () => {
    const { text } = await openaiSdk.ask(gateway, say('gpt', `I am ${personal.email}, ${personal.ssn}`), { key: 'rk-oneway' });
    expect(text).toContain(`I am [EMAIL_1], ${personal.ssn}`);
  });
});

test('more than a hundred clients at once each get their own data back and nobody else’s', async () => {
  behaveAlways({ eventDelayMs: 1 });
  const people = Array.from({ length: 13 }, (_, round) =>
    pairings.map((pairing, at) => ({ ...pairing, address: `person${round}x${at}@example.com` })),
  ).flat();
  const answers = await Promise.all(
    people.map(({ sdk, model, stream, address }) => sdk.ask(gateway, say(model, `I am ${address}.`, { stream }), privately)),
  );
  people.forEach(({ address }, index) => expect(answers[index]?.text.match(/person\w+@example\.com/g)).toEqual([address]));
  expect(sent()).toHaveLength(people.length);
  expect(
    leaked(
      sentText(),
      people.map(({ address }) => address),
    ),
  ).toEqual([]);
});

test('a request whose text cannot be read is refused, and reaches no provider', async () => {
  expect(await post(JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: { deep: personal.email } }] }))).toBe(400);
  expect(leaked(sentText(), originals)).toEqual([]);
});

test('nothing that the gateway keeps or says holds personal data: ledger, log, metrics and traces', async () => {
  await openaiSdk.ask(gateway, say('claude', everything, { stream: true }), privately);
  for (const text of [`{"model": ${JSON.stringify(everything)}, "messages": []}`, `{"model": "gpt", ${everything}}`])
    expect(await post(text)).not.toBe(200);
  world.openai.behave({ refuse: { status: 500, body: everything } });
  await expect(openaiSdk.ask(gateway, say('gpt', everything), privately)).rejects.toThrow();
  await openaiSdk.ask(gateway, say('marker'), privately);
  await expect.poll(() => receiver.received(), { timeout: 10_000 }).toContain('chat marker');
  const entries = await gateway.entries();
  expect(entries).not.toHaveLength(0);
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(metrics).toContain('remora_exchanges_total{tenant="private"');
  expect(gateway.output()).toContain('Remora is ready');
  for (const text of [...files, JSON.stringify(entries), gateway.output(), metrics, receiver.received()]) expect(leaked(text, originals)).toEqual([]);
});

describe('the search for leaks', () => {
  test.each([
    JSON.stringify({ text: everything }),
    JSON.stringify({ text: JSON.stringify({ deeper: everything }) }),
    escapedJson(everything),
    `/v1?q=${encodeURIComponent(everything)}`,
    everything.replaceAll(/[ ()-]/g, ''),
  ])('finds them in %s', (text) => {
    expect(leaked(text, originals)).toEqual(originals);
  });
});

/** JSON in which some characters are escapes that nobody needs. */
function escapedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[@1]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

/** The tool's result as the demo providers repeat it. */
const quotedResult = (text: string): string => /answered: "(\{.*?\})"/s.exec(text)?.[1] ?? text;
