import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { askAnthropic, askOpenAI, type Ask, type Conversation } from './ask.ts';
import { anthropicClient, hashOf, keys, openaiClient, startGateway, startWorld, temporaryFolder, type RunningGateway, type World } from './gateway.ts';
import { allBytes, leaked } from './leak.ts';

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

const clients = [
  ['OpenAI’s SDK', askOpenAI],
  ['Anthropic’s SDK', askAnthropic],
] as const satisfies [string, Ask][];
const models = ['gpt', 'claude'];
const modes = [
  ['JSON', false],
  ['streamed', true],
] as const;
const pairings = clients.flatMap(([client, ask]) => models.flatMap((model) => modes.map(([mode, stream]) => ({ client, ask, model, mode, stream }))));

let world: World;
let gateway: RunningGateway;
let folder: string;
let receiver: { server: Server; received: () => string };

beforeAll(async () => {
  receiver = await startReceiver();
  folder = temporaryFolder();
  world = await startWorld({
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
    void buffer(request).then((body) => {
      bodies.push(body);
      response.end();
    });
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

const tool = { name: 'file_claim', parameters: ['contact', 'phone', 'card', 'ssn', 'iban'] };
const asked: Conversation = {
  model: '',
  system: `You serve ${personal.email}; the customer's number is ${personal.phone}.`,
  user: `Use file_claim with ${originals.map((original) => `"${original}"`).join(', ')}.`,
  tool,
};

describe('personal data in system text, messages, tool arguments and tool results', () => {
  test.each(pairings)('comes back exactly and reaches no provider: $client, $model, $mode', async ({ ask, model, stream }) => {
    behaveAlways({ writeBytes: 1 });
    const first = await ask(gateway, keys.private, { ...asked, model }, { stream });
    expect(first.calls).toMatchObject([
      { arguments: { contact: personal.email, phone: personal.phone, card: personal.card, ssn: personal.ssn, iban: personal.iban } },
    ]);

    const [call] = first.calls;
    const result = { note: `wrote "${everything}"`, also: personal.iban };
    const second = await ask(
      gateway,
      keys.private,
      { ...asked, model, called: { id: call?.id ?? '', arguments: call?.arguments ?? {}, result: escapedJson(result) } },
      { stream },
    );
    expect(JSON.parse(quotedResult(second.text))).toEqual(result);

    expect(sent().map(({ status }) => status)).toEqual([200, 200]);
    expect(leaked(sentText(), originals)).toEqual([]);
    expect(sentText()).toContain('[EMAIL_1]');
  });

  test.each(pairings)('comes back when the model repeats it in an answer: $client, $model, $mode', async ({ ask, model, stream }) => {
    const { text } = await ask(gateway, keys.private, { model, user: `Please ${everything}` }, { stream });
    expect(text).toContain(`You said: "Please ${everything}"`);
    expect(leaked(sentText(), originals)).toEqual([]);
  });

  test('that stands in the bytes as escapes is found', async () => {
    const hidden = (text: string): string => [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const body = `{"model": "claude", "messages": [{"role": "user", "content": "I am ${hidden(personal.email)}, ${hidden(personal.iban)}"}]}`;
    const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${keys.private}` }, body });
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: expect.stringContaining(`I am ${personal.email}, ${personal.iban}`) } }] });
    expect(sent()).toHaveLength(1);
    expect(leaked(sentText(), originals)).toEqual([]);
  });

  test('is restored on a stream whose last words may still become a placeholder', async () => {
    for (const text of ['Write to [EMAIL_1', 'Write to [EMAIL_1]', 'Write to [', 'Write to [EMAIL_12] and [EMAIL_1]']) {
      behaveAlways({ writeBytes: 1, say: { text } });
      for (const model of models) {
        const answer = await askOpenAI(gateway, keys.private, { model, user: `I am ${personal.email}` }, { stream: true });
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
        const { text } = await askAnthropic(gateway, keys.private, { ...asked, tool: undefined, model, user: `Please ${everything}` }, { stream });
        expect(text).toContain(everything);
      }
    }
    expect(sent().map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 503, 503, 503, 503]);
    expect(leaked(sentText(), originals)).toEqual([]);
    expect(sent().every((request) => allBytes(request).includes('[CARD_1]'))).toBe(true);
  });

  test('in an error that quotes the request back reaches the client only as it was sent to the provider', async () => {
    world.openai.behave({ refuse: { status: 400, body: { error: { message: 'Bad text: [EMAIL_1]', type: 'invalid_request_error', param: null, code: null } } } });
    await expect(openaiClient(gateway, keys.private).chat.completions.create({ model: 'gpt', messages: [{ role: 'user', content: personal.email }] })).rejects.toThrow(
      'Bad text: [EMAIL_1]',
    );
    expect(leaked(sentText(), originals)).toEqual([]);
  });
});

test('headers of the client reach no provider', async () => {
  const headers = { 'x-user-email': personal.email, cookie: `user=${personal.email}`, 'openai-organization': personal.ssn, 'user-agent': personal.phone };
  await openaiClient(gateway, keys.private).chat.completions.create({ model: 'gpt', messages: [{ role: 'user', content: 'hi' }] }, { headers });
  await anthropicClient(gateway, keys.private).messages.create({ model: 'claude', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }, { headers });
  expect(sent()).toHaveLength(2);
  expect(leaked(sentText(), originals)).toEqual([]);
});

describe('what is not to be redacted is left alone:', () => {
  test.each(models)('all that a tenant without privacy sends (%s)', async (model) => {
    const { text } = await askOpenAI(gateway, keys.open, { model, user: everything });
    expect(text).toContain(everything);
    expect(leaked(sentText(), originals)).toEqual(originals);
    expect(sentText()).toContain(everything);
  });

  test.each(pairings)('a placeholder that the client wrote itself: $client, $model, $mode', async ({ ask, model, stream }) => {
    const user = `Keep [EMAIL_1] and [PHONE_7], but not ${personal.email} or ${personal.phone}.`;
    behaveAlways({ writeBytes: 3 });
    const { text } = await ask(gateway, keys.private, { model, user }, { stream });
    expect(text).toContain(user);
    expect(sentText()).toContain('Keep [EMAIL_1] and [PHONE_7], but not [EMAIL_2] or [PHONE_1].');
    expect(leaked(sentText(), originals)).toEqual([]);
  });

  test('a placeholder that the model made up', async () => {
    behaveAlways({ say: { text: '[EMAIL_1], [EMAIL_2], [CARD_1], [EMAIL_x]' } });
    const { text } = await askOpenAI(gateway, keys.private, { model: 'gpt', user: personal.email });
    expect(text).toBe(`${personal.email}, [EMAIL_2], [CARD_1], [EMAIL_x]`);
  });

  test('the answer of a tenant that wants nothing restored', async () => {
    const { text } = await askOpenAI(gateway, 'rk-oneway', { model: 'gpt', user: `I am ${personal.email}, ${personal.ssn}` });
    expect(text).toContain(`I am [EMAIL_1], ${personal.ssn}`);
  });
});

test('a hundred clients at once each get their own data back and nobody else’s', async () => {
  behaveAlways({ eventDelayMs: 1 });
  const addresses = Array.from({ length: 100 }, (_, index) => `person${index}x@example.com`);
  const answers = await Promise.all(
    addresses.map(async (address, index) => {
      const ask = index % 2 === 0 ? askOpenAI : askAnthropic;
      const { text } = await ask(gateway, keys.private, { model: models[(index >> 1) % 2] ?? '', user: `I am ${address}.` }, { stream: index % 8 < 4 });
      return text;
    }),
  );
  answers.forEach((answer, index) => expect(answer.match(/person\d+x@example\.com/g)).toEqual([addresses[index]]));
  expect(sent()).toHaveLength(100);
  expect(leaked(sentText(), addresses)).toEqual([]);
});

test('a request whose text cannot be read is refused, and reaches no provider', async () => {
  const body = JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: { deep: personal.email } }] });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${keys.private}` }, body });
  expect(response.status).toBe(400);
  expect(leaked(sentText(), originals)).toEqual([]);
});

test('nothing that the gateway keeps or says holds personal data: ledger, log, metrics and traces', async () => {
  await askOpenAI(gateway, keys.private, { model: 'claude', user: everything }, { stream: true });
  await openaiClient(gateway, keys.private)
    .chat.completions.create({ model: everything, messages: [{ role: 'user', content: everything }] })
    .catch(() => {});
  await expect.poll(() => receiver.received(), { timeout: 10_000 }).toContain('chat claude');
  const entries = await gateway.entries();
  expect(entries.length).toBeGreaterThan(100);
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
