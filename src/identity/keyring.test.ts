import { expect, test } from 'vitest';
import { tenant } from '../policies/tenant.fixture.ts';
import type { Tenant } from '../policies/tenant.ts';
import { createUserTerms } from './identity.ts';
import { createKeyring } from './keyring.ts';
import { hashOf, virtualKey } from './virtual-key.fixture.ts';
import type { VirtualKey } from './virtual-key.ts';

function setUp({ keys = [], tenants = [tenant('marketing')] }: { keys?: VirtualKey[]; tenants?: Tenant[] } = {}) {
  const missing: [string, number][] = [];
  const keyring = createKeyring({ onMissingTenant: (name, count) => missing.push([name, count]) });
  const use = (all: Tenant[], declared: VirtualKey[]): void =>
    keyring.useConfig({ tenants: new Map(all.map((each) => [each.name, each])), keys: declared, userTerms: createUserTerms() });
  use(tenants, keys);
  const idOf = (secret: string) => keyring.lookUp(hashOf(secret))?.key.id;
  return { keyring, missing, use, idOf };
}

test('finds keys of the config and of the store by their hash', () => {
  const { keyring, idOf } = setUp({ keys: [virtualKey('a')] });
  keyring.useStored([virtualKey('b')]);
  expect([idOf('a'), idOf('b'), idOf('c'), idOf('')]).toEqual(['a', 'b', undefined, undefined]);
});

test('a key is found by its hash and by the one before', () => {
  const { keyring, idOf } = setUp();
  keyring.useStored([virtualKey('a', { hash: hashOf('new'), previous: { hash: hashOf('old'), until: 1 } })]);
  expect([idOf('new'), idOf('old'), idOf('a')]).toEqual(['a', 'a', undefined]);
});

test('a change takes the place of what the key was, and of nothing else', () => {
  const { keyring, idOf } = setUp();
  keyring.useStored([virtualKey('a'), virtualKey('b')]);
  keyring.change([virtualKey('a', { hash: hashOf('a2'), previous: { hash: hashOf('a'), until: 1 } }), virtualKey('c')]);
  expect(['a', 'a2', 'b', 'c'].map(idOf)).toEqual(['a', 'a', 'b', 'c']);
  keyring.change([virtualKey('a', { hash: hashOf('a3'), previous: { hash: hashOf('a2'), until: 2 } })]);
  expect(['a', 'a2', 'a3', 'b'].map(idOf)).toEqual([undefined, 'a', 'a', 'b']);
});

test('a hash that went to another key is not lost when the first one changes', () => {
  const { keyring, idOf } = setUp();
  keyring.useStored([virtualKey('a')]);
  keyring.change([virtualKey('b', { hash: hashOf('a') })]);
  keyring.change([virtualKey('a', { hash: hashOf('a2') })]);
  expect(['a', 'a2'].map(idOf)).toEqual(['b', 'a']);
});

test('all keys of the store take the place of all before', () => {
  const { keyring, idOf } = setUp();
  keyring.useStored([virtualKey('a')]);
  keyring.useStored([virtualKey('b')]);
  expect(['a', 'b'].map(idOf)).toEqual([undefined, 'b']);
});

test('another config leaves the keys of the store, with its own tenants', () => {
  const { keyring, use, idOf } = setUp({ keys: [virtualKey('a')] });
  keyring.useStored([virtualKey('b')]);
  const renewed = tenant('marketing', { priority: 'high' });
  use([renewed], [virtualKey('c')]);
  expect(['a', 'b', 'c'].map(idOf)).toEqual([undefined, 'b', 'c']);
  expect(keyring.lookUp(hashOf('b'))?.identity?.tenant).toBe(renewed);
});

test('keys of the store may be there before any config is', () => {
  const keyring = createKeyring({ onMissingTenant: () => {} });
  keyring.useStored([virtualKey('a')]);
  keyring.change([virtualKey('b')]);
  keyring.useConfig({ tenants: new Map([['marketing', tenant('marketing')]]), keys: [], userTerms: createUserTerms() });
  expect(keyring.lookUp(hashOf('b'))?.identity?.keyId).toBe('b');
});

test('a key of the config comes before one of the store', () => {
  const { keyring, idOf } = setUp({ keys: [virtualKey('a', { hash: hashOf('same') })] });
  keyring.useStored([virtualKey('b', { hash: hashOf('same') })]);
  expect(idOf('same')).toBe('a');
});

test('a key whose tenant is gone speaks for nobody, and that is told once for each tenant', () => {
  const { keyring, use, missing } = setUp();
  const keys = [virtualKey('a', { tenant: 'sales' }), virtualKey('b', { tenant: 'sales' }), virtualKey('gone', { tenant: 'old', removedAt: 1 })];
  keyring.useStored(keys);
  expect(keyring.lookUp(hashOf('a'))?.identity).toBeUndefined();
  use([tenant('marketing')], []);
  keyring.useStored(keys);
  keyring.change([virtualKey('c', { tenant: 'sales' })]);
  expect(missing).toEqual([['sales', 2]]);
  use([tenant('sales')], []);
  expect(keyring.lookUp(hashOf('a'))?.identity?.tenant.name).toBe('sales');
  use([], []);
  expect(missing).toEqual([
    ['sales', 2],
    ['sales', 3],
  ]);
});

test('who calls is made once for each key and config', () => {
  const { keyring } = setUp();
  keyring.useStored([virtualKey('a', { models: ['fast'] })]);
  const first = keyring.lookUp(hashOf('a'))?.identity;
  expect(first).toBeDefined();
  expect(keyring.lookUp(hashOf('a'))?.identity).toBe(first);
});
