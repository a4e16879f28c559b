import { expect, test } from 'vitest';
import { providerKinds } from './registry.ts';

const kind = (name: string) => {
  const provider = providerKinds.get(name);
  if (provider === undefined) throw new Error(`no kind ${name}`);
  return provider;
};

test('each kind shows its credential as its vendor asks, and none where there is none', () => {
  expect(kind('openai').authorize('k')).toEqual({ authorization: 'Bearer k' });
  expect(kind('openai-compatible').authorize('k')).toEqual({ authorization: 'Bearer k' });
  expect(kind('anthropic').authorize('k')).toEqual({ 'x-api-key': 'k' });
  for (const provider of providerKinds.values()) expect(provider.authorize(undefined)).toEqual({});
});

test.each([
  ['openai', 'openai-chat', 'https://api.openai.com/v1/chat/completions'],
  ['anthropic', 'anthropic-messages', 'https://api.anthropic.com/v1/messages'],
])('%s speaks %s at %s', (name, protocol, address) => {
  const { protocol: spoken, defaultBaseUrl, path } = kind(name);
  expect(spoken.name).toBe(protocol);
  expect(`${defaultBaseUrl}${path}`).toBe(address);
});

test("only an address of one's own is called by the kind openai-compatible, with the old name of the output limit and no catalogue price", () => {
  expect(kind('openai-compatible')).toMatchObject({ defaultBaseUrl: undefined, quirks: { maxTokensField: 'max_tokens' }, pricedAs: undefined });
});
