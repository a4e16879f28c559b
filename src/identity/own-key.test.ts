import { expect, test } from 'vitest';
import { providerKinds } from '../providers/registry.ts';
import { deployment, endpoint } from '../routing/deployment.fixture.ts';
import { authorizeOwnKey, ownKeyFor, servesOwnKey } from './own-key.ts';

const at = (name: string, kind = 'openai') => {
  const provider = providerKinds.get(kind);
  if (provider === undefined) throw new Error(`no kind ${kind}`);
  return deployment(endpoint(name, { provider }), 'm');
};
const call = { method: 'POST', host: 'h', path: '/', body: Buffer.from(''), headers: new Map<string, string>() };
const refused = expect.objectContaining({ code: 'own-key-refused', status: 403 });

test('a key goes to the one provider of the chain', () => {
  expect(ownKeyFor([at('openai'), at('openai')], 'sk-own')).toEqual({ provider: 'openai', key: 'sk-own' });
});

test('where several providers may serve, the caller says whose key it is; the others do not serve then', () => {
  const chain = [at('openai'), at('anthropic', 'anthropic')];
  const own = ownKeyFor(chain, 'anthropic=sk-ant-own');
  expect(own).toEqual({ provider: 'anthropic', key: 'sk-ant-own' });
  expect(chain.filter((each) => servesOwnKey(each, own))).toEqual([chain[1]]);
  expect(() => ownKeyFor(chain, 'sk-own')).toThrow(refused);
  expect(() => ownKeyFor(chain, 'sk-own')).toThrow(/x-remora-provider-key: openai=KEY/);
});

test.each(['c2VjcmV0', 'c2vjcmv0=', 'abc==', 'SK=own'])('the key %s is whole, though it has a "="', (key) => {
  expect(ownKeyFor([at('openai')], key)).toEqual({ provider: 'openai', key });
});

test('a key for a provider that may not serve is refused, and not shown', () => {
  expect(() => ownKeyFor([at('openai')], 'anthropic=sk-ant-own')).toThrow(refused);
  expect(() => ownKeyFor([at('openai')], 'anthropic=sk-ant-own')).not.toThrow(/sk-ant-own/);
  expect(() => ownKeyFor([], 'sk-own')).toThrow(refused);
});

test('a provider that takes no plain key takes none of a caller', () => {
  const vertex = at('google', 'vertex');
  expect(() => ownKeyFor([vertex], 'sk-own')).toThrow(refused);
  expect(() => authorizeOwnKey(vertex.endpoint, { provider: 'google', key: 'sk-own' })).toThrow(refused);
});

test.each([
  ['openai', { authorization: 'Bearer own' }],
  ['anthropic', { 'x-api-key': 'own' }],
  ['gemini', { 'x-goog-api-key': 'own' }],
  ['azure-openai', { 'api-key': 'own' }],
])('%s is shown the key in the place of ours', async (kind, headers) => {
  const { endpoint: of } = at('p', kind);
  await expect(Promise.resolve(authorizeOwnKey(of, { provider: 'p', key: 'own' })(call))).resolves.toEqual(headers);
});

test('a key is shown to no other provider, whatever an attempt says', () => {
  expect(() => authorizeOwnKey(at('anthropic', 'anthropic').endpoint, { provider: 'openai', key: 'sk-own' })).toThrow(refused);
});
