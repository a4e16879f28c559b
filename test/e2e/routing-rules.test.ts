import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { chat, setFleet, tenant, type Asking, type Told } from './fleet.ts';
import { keys, type ConfigData } from './gateway.ts';
import { createMovedClock } from './moved-clock.ts';

const clock = createMovedClock();
afterAll(() => clock.remove());

/** A moment of the gateway's clock, in the future. */
const at = (iso: string): void => clock.setAhead(Date.parse(iso) - Date.now());
const monday = '2031-03-10T12:00:00Z';

const png = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const says = (...content: object[]): Asking => ({ more: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }, ...content] }] } });
const schema = {
  name: 'n',
  strict: true,
  schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
};
const words = (count: number): string => 'word '.repeat(count);

/** Conditions, each with requests that it is true of, and with some that miss it by little. */
const cases: Record<string, { when: string; matches: Asking[]; misses: Asking[] }> = {
  tenant: { when: 'tenant == "private"', matches: [{ key: keys.private }], misses: [{}] },
  key: { when: 'key == "second"', matches: [{ key: 'rk-second' }], misses: [{}, { key: keys.private }] },
  header: {
    when: 'headers["x-team"] == "blue"',
    matches: [{ headers: { 'X-Team': 'blue' } }],
    misses: [{}, { headers: { 'x-team': 'blues' } }],
  },
  'a header that holds a secret': {
    when: '"authorization" in headers || headers["x-api-key"] != ""',
    matches: [],
    misses: [{ headers: { 'x-api-key': keys.open } }],
  },
  path: { when: 'path == "/v1/chat/completions"', matches: [{}], misses: [] },
  protocol: { when: 'protocol == "anthropic-messages"', matches: [], misses: [{}] },
  metadata: {
    when: 'metadata["tier"] == "gold" && int(metadata["seats"]) > 3',
    matches: [{ more: { metadata: { tier: 'gold', seats: '4' } } }],
    misses: [{}, { more: { metadata: { tier: 'gold', seats: '3' } } }, { more: { metadata: { tier: 'gold', seats: 'many' } } }],
  },
  images: { when: 'request.has_images', matches: [says({ type: 'image_url', image_url: { url: png } })], misses: [{}, { text: png }] },
  tools: {
    when: 'request.has_tools',
    matches: [{ more: { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] } }],
    misses: [{}, { text: 'Use your tools.' }],
  },
  'a JSON schema': {
    when: 'request.has_json_schema',
    matches: [{ more: { response_format: { type: 'json_schema', json_schema: schema } } }],
    misses: [{}, { text: 'Answer in JSON.', more: { response_format: { type: 'json_object' } } }],
  },
  reasoning: {
    when: 'request.has_reasoning',
    matches: [{ more: { reasoning_effort: 'high' } }],
    misses: [{}],
  },
  tokens: { when: 'request.input_tokens > 2000', matches: [{ text: words(2500) }], misses: [{ text: words(1500) }, { text: 'x'.repeat(6000) }] },
  'output tokens': {
    when: 'request.max_tokens > 100',
    matches: [{ more: { max_completion_tokens: 101 } }],
    misses: [{}, { more: { max_completion_tokens: 100 } }],
  },
  stream: { when: 'request.stream', matches: [{ stream: true }], misses: [{}] },
  language: {
    when: 'request.language == "de"',
    matches: [{ text: 'Bitte schreibe mir einen kurzen Brief an die Schule, in dem steht, dass mein Kind heute nicht kommen kann.' }],
    misses: [{ text: 'Please write a short letter to the school that says that my child cannot come today.' }],
  },
  user: { when: 'request.user.startsWith("staff-")', matches: [{ more: { user: 'staff-7' } }], misses: [{}, { more: { user: 'guest-7' } }] },
  'a conversation’s length': {
    when: 'request.messages >= 3',
    matches: [{ more: { messages: ['user', 'assistant', 'user'].map((role) => ({ role, content: 'Hello' })) } }],
    misses: [{}, { more: { messages: ['system', 'system', 'user'].map((role) => ({ role, content: 'Hello' })) } }],
  },
  'personal data': {
    when: 'data_classes.exists(c, c in ["email", "iban"])',
    matches: [{ key: keys.private, text: 'I am bob@example.com.' }],
    misses: [
      { key: keys.private, text: 'I am Bob, +49 30 901820-123.' },
      { key: keys.open, text: 'I am bob@example.com.' },
    ],
  },
};

const fleet = setFleet(
  { a: 'openai', b: 'anthropic' },
  ({ to }) => ({
    models: {
      ...Object.fromEntries(Object.keys(cases).map((name) => [nameOf(name), { targets: [to('a', { model: 'gpt-5-mini' })] }])),
      nights: { targets: [to('a')] },
      weekend: { targets: [to('a')] },
      both: { targets: [to('a')] },
      other: { targets: [to('b')] },
    },
    tenants: {
      open: { keys: [...keysOf(tenant(keys.open)), ...keysOf(tenant('rk-second')).map((key) => ({ ...key, name: 'second' }))] },
      private: tenant(keys.private, { privacy: { redact: ['email', 'phone'], restore: true } }),
    },
    rules: [
      ...Object.entries(cases).map(([name, { when }]) => ({ name: nameOf(name), when: `model == "${nameOf(name)}" && (${when})`, use: 'other' })),
      { name: 'nights', when: 'model == "nights" && (time.hour >= 22 || time.hour < 6)', use: 'other' },
      { name: 'weekend', when: 'model == "weekend" && time.weekday in ["sat", "sun"]', use: 'other' },
      { name: 'first', when: 'model == "both" && headers["x-first"] == "yes"' },
      { name: 'second', when: 'model == "both"', use: 'other' },
    ],
  }),
  { env: clock.env },
);
beforeEach(() => at(monday));

const nameOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
const keysOf = (of: ConfigData): ConfigData[] => of['keys'] as ConfigData[];
const ask = (model: string, asking: Asking = {}): Promise<Told> => chat(fleet.gateway, model, asking);

describe('a rule on', () => {
  test.each(Object.entries(cases))('%s takes the requests that it is true of, and no other', async (name, { matches, misses }) => {
    for (const asking of matches) expect(await ask(nameOf(name), asking)).toMatchObject({ status: 200, by: 'b' });
    for (const asking of misses) expect(await ask(nameOf(name), asking)).toMatchObject({ status: 200, by: 'a' });
  });

  test('path and protocol sees what the client speaks, not the provider', async () => {
    const messages = async (model: string): Promise<string | null> => {
      const response = await fetch(`${fleet.gateway.url}/v1/messages?beta=true`, {
        method: 'POST',
        headers: { 'x-api-key': keys.open, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
        body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
      });
      await response.text();
      return response.headers.get('x-remora-deployment');
    };
    expect(await messages('protocol')).toBe('b/claude-haiku-4-5');
    expect(await messages('path')).toBe('a/gpt-5-mini');
  });

  test.each([
    ['nights', '2031-03-10T21:59:00Z', 'a'],
    ['nights', '2031-03-10T22:00:00Z', 'b'],
    ['nights', '2031-03-11T05:59:00Z', 'b'],
    ['nights', '2031-03-11T06:00:00Z', 'a'],
    ['weekend', '2031-03-14T23:59:00Z', 'a'],
    ['weekend', '2031-03-15T00:00:00Z', 'b'],
    ['weekend', '2031-03-17T00:00:00Z', 'a'],
  ] as const)('time, %s, at %s', async (model, moment, by) => {
    at(moment);
    expect(await ask(model)).toMatchObject({ status: 200, by });
  });
});

test('the first rule that matches is applied, and no other, even if it does nothing', async () => {
  const chosen = async (): Promise<(number | undefined)[]> => {
    const choices = await fleet.gateway.metric('remora_choices_total');
    return [choices.get('by="rule",name="first",choice="both"'), choices.get('by="rule",name="second",choice="other"')];
  };
  expect(await ask('both', { headers: { 'x-first': 'yes' } })).toMatchObject({ by: 'a' });
  expect(await chosen()).toEqual([1, undefined]);
  expect(await ask('both')).toMatchObject({ by: 'b' });
  expect(await chosen()).toEqual([1, 1]);
});
