import { expect, test } from 'vitest';
import type { Credential } from './provider.ts';
import { providerKinds } from './registry.ts';

const kind = (name: string) => {
  const provider = providerKinds.get(name);
  if (provider === undefined) throw new Error(`no kind ${name}`);
  return provider;
};

const call = { method: 'POST', host: 'provider.example', path: '/', body: Buffer.alloc(0), headers: new Map<string, string>() };
const shown = (name: string, credential: Credential) => kind(name).connect(credential, {})(call);

test('each kind shows its key as its vendor asks, and none where there is none', () => {
  expect(shown('openai', { apiKey: 'k' })).toEqual({ authorization: 'Bearer k' });
  expect(shown('openai-compatible', { apiKey: 'k' })).toEqual({ authorization: 'Bearer k' });
  expect(shown('anthropic', { apiKey: 'k' })).toEqual({ 'x-api-key': 'k' });
  for (const name of ['openai', 'openai-compatible', 'anthropic']) expect(shown(name, {})).toEqual({});
});

test.each([
  ['openai', 'openai-chat', 'https://api.openai.com/v1/chat/completions'],
  ['anthropic', 'anthropic-messages', 'https://api.anthropic.com/v1/messages'],
])('%s speaks %s at %s', (name, protocol, address) => {
  const { apis, defaultBaseUrl } = kind(name);
  const api = apis.find((each) => each.protocol.name === protocol);
  expect(`${defaultBaseUrl({})}${api?.path({ model: 'm', stream: false }, {})}`).toBe(address);
});

test("only an address of one's own is called by the kind openai-compatible, with the old name of the output limit and no catalogue price", () => {
  const { defaultBaseUrl, pricedAs, apis } = kind('openai-compatible');
  expect([defaultBaseUrl({}), pricedAs, apis[0]?.quirks.maxTokensField]).toEqual([undefined, undefined, 'max_tokens']);
});
