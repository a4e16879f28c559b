import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Variables } from './environment.ts';
import { compileConfig, loadConfig } from './load.ts';
import { ConfigError, describeProblem } from './problem.ts';
import type { Pool } from '../routing/deployment.ts';

/** What a provider is shown of the first credential. */
const shownBy = (pool: Pool | undefined): unknown =>
  pool?.[0].credential.authorize({ method: 'POST', host: '', path: '', body: Buffer.alloc(0), headers: new Map() });

const secret = 'sk-very-secret-0123456789';
const env: Variables = { OPENAI_API_KEY: secret, ANTHROPIC_API_KEY: 'sk-ant-1', EMPTY: '', WORD: 'nonsense-from-outside' };
const hash = (digit: string): string => `sha256:${digit.repeat(64)}`;

const folder = mkdtempSync(join(tmpdir(), 'remora-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A sound config of which single lines are changed to make it wrong. */
const sound = `listen: 127.0.0.1:9080
admin: { listen: 127.0.0.1:9081 }
providers:
  openai:
    kind: openai
    apiKey: \${OPENAI_API_KEY}
  anthropic: { kind: anthropic, apiKey: "\${ANTHROPIC_API_KEY}" }
models:
  fast:
    targets: [{ provider: openai, model: gpt-5-mini, weight: 80 }, { provider: anthropic, model: claude-haiku-4-5, weight: 20 }]
    fallback: [smart]
  smart:
    targets: [{ provider: anthropic, model: claude-sonnet-4-5 }]
tenants:
  team:
    keys: [{ name: laptop, hash: "${hash('a')}" }]
    models: [fast, smart]
    budget: { amount: 100, per: month }
    privacy: { redact: [email, phone], restore: true }
`;

const compile = (text: string) => compileConfig(text, { path: 'remora.yaml', env });

/** The lines of the error that the sound config gives when `from` is replaced by `to`. */
function problems(from: string | RegExp, to: string, text = sound): string[] {
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error('the change changes nothing');
  try {
    compile(changed);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

function warnings(text: string): string[] {
  const found: string[] = [];
  compileConfig(text, { path: 'remora.yaml', env, warn: (warning) => found.push(describeProblem(warning)) });
  return found;
}

describe('a sound config', () => {
  const snapshot = compile(sound);

  test('compiles without a warning', () => {
    expect(warnings(sound)).toEqual([]);
  });

  test('gives the addresses', () => {
    expect(snapshot.listen).toEqual({ host: '127.0.0.1', port: 9080 });
    expect(snapshot.admin).toEqual({ host: '127.0.0.1', port: 9081 });
  });

  test('gives each provider its address and key', () => {
    const openai = snapshot.endpoints.get('openai')?.[0];
    expect(openai).toMatchObject({ name: 'openai', caFile: undefined, connectTimeoutMs: 5_000 });
    expect(openai?.baseUrl.href).toBe('https://api.openai.com/v1');
    expect(openai?.provider.kind).toBe('openai');
  });

  test('links targets to their endpoints', () => {
    const fast = snapshot.models.get('fast');
    expect(fast?.targets.map(({ weight }) => weight)).toEqual([80, 20]);
    expect(fast?.targets[0]?.deployments[0].endpoint).toBe(snapshot.endpoints.get('openai')?.[0]);
    expect(fast?.fallback).toEqual(['smart']);
    expect(snapshot.models.get('smart')?.targets[0]?.weight).toBe(1);
  });

  test('finds the tenant by the hash of a key', () => {
    const key = snapshot.keys.find((each) => each.hash === 'a'.repeat(64));
    expect(key).toMatchObject({ id: 'team/laptop', name: 'laptop', tenant: 'team' });
    const team = snapshot.tenants.get('team');
    expect(team?.terms).toMatchObject([
      { owner: 'tenant:team', budgets: [{ amount: 100_000_000_000n, unit: 'nanos', per: 'month', timeZone: 'UTC' }] },
    ]);
    expect(team?.privacy).toEqual({ redact: new Set(['email', 'phone']), keepInHouse: new Set(), keepIn: new Map(), restore: true });
  });

  test('may be JSON', () => {
    const json = JSON.stringify({
      providers: { house: { kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:8000/v1/' } },
      models: { llama: { targets: [{ provider: 'house', model: 'llama-4' }] } },
    });
    const { endpoints, listen, store, telemetry } = compile(json);
    expect(endpoints.get('house')?.[0].baseUrl.href).toBe('http://127.0.0.1:8000/v1');
    expect(listen).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(store).toMatchObject({ kind: 'embedded', path: resolve('.remora/remora.db') });
    expect(telemetry).toEqual({ otlp: undefined, sampling: 1 });
  });

  test('takes amounts to the nano-dollar', () => {
    const amounts = ['0.1', '19.99', '0.000000001', '999999999.99'].map((amount) => {
      const { tenants } = compile(sound.replace('amount: 100', `amount: ${amount}`));
      return tenants.get('team')?.terms[0]?.budgets[0]?.amount;
    });
    // The last is the double that is nearest to what was written.
    expect(amounts).toEqual([100_000_000n, 19_990_000_000n, 1n, 999_999_999_990_000_010n]);
  });
});

describe('YAML', () => {
  test.each([
    [
      'an open bracket',
      'fallback: [smart]',
      'fallback: [smart',
      'remora.yaml:12:3 is not indented like its neighbours, or an earlier bracket is not closed; use the same number of spaces for fields of one level',
    ],
    ['an open quote', /$/, 'store: "x', 'remora.yaml:20:10 lacks a closing quote, bracket or a comma here'],
    ['a field twice', '  smart:', '  fast:', 'remora.yaml:12:3 is a field that stands here twice; keep one'],
    ['a tab', '    kind: openai', '\tkind: openai', 'remora.yaml:5:1 is indented with a tab; YAML wants spaces'],
    [
      'an alias of nothing',
      '[smart]',
      '[*smart]',
      'remora.yaml:11:16 uses an alias (*name) without an anchor (&name) before it; put a value that begins with * in quotes',
    ],
    [
      'a tag',
      'fallback: [smart]',
      'fallback: !env [smart]',
      'remora.yaml:11:15 has a tag (!name) that means nothing here; put a value that begins with ! in quotes',
    ],
    ['a second document', 'tenants:', '---\ntenants:', 'remora.yaml:14:1 begins a second document; a config is one, so remove the line "---"'],
  ])('%s is named with its line', (_, from, to, line) => {
    expect(problems(from, to)).toContain(line);
  });

  test('aliases that expand without bound are refused', () => {
    const bomb = Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`);
    expect(problems(/^/, `a0: &a0 [x, x, x]\n${bomb.join('\n')}\n`)).toEqual([
      'remora.yaml:1:1 has aliases that expand to too much; write the repeated values out',
    ]);
  });

  test('an alias that holds itself is refused', () => {
    expect(problems('fallback: [smart]', 'fallback: &loop [*loop]')).toContain(
      'remora.yaml:9:3 models.fast: is nested too deep, or refers to itself',
    );
  });

  test('aliases may repeat a value, whose faults are shown where it was written', () => {
    const text = sound.replace('[{ provider: anthropic, model: claude-sonnet-4-5 }]', '&t [{ provider: opnai, model: x }]\n  other: { targets: *t }');
    expect(problems(/^/, ' ', text.slice(0))).not.toEqual([]);
    expect(problems('laptop', 'laptop-2', text)).toEqual([
      'remora.yaml:13:30 models.smart.targets[0].provider: there is no provider "opnai", did you mean openai?; declared are openai, anthropic',
      'remora.yaml:13:30 models.other.targets[0].provider: there is no provider "opnai", did you mean openai?; declared are openai, anthropic',
    ]);
  });

  test('an empty file is told what it lacks', () => {
    expect(problems(/[^]*/, '')).toEqual(['remora.yaml:1:1 is empty; it needs providers and models']);
  });
});

describe('fields', () => {
  test.each([
    ['unknown, near another', 'budget:', 'bugdet:', 'remora.yaml:18:5 tenants.team.bugdet: is not a field; did you mean budget?'],
    ['unknown, written otherwise', 'apiKey:', 'api_key:', 'remora.yaml:6:5 providers.openai.api_key: is not a field; did you mean apiKey?'],
    [
      'unknown altogether',
      'budget:',
      'zone:',
      'remora.yaml:18:5 tenants.team.zone: is not a field that can stand here; those are parent, keys, models, limits, budget, budgets, perUser, timeZone, ownKeys, passThrough, residency, regions, priority, privacy',
    ],
    [
      'missing',
      ', per: month',
      '',
      'remora.yaml:18:5 tenants.team.budget.per: is missing; add it: the period, aligned to the calendar in `timeZone`',
    ],
    ['empty', '[fast, smart]', '', 'remora.yaml:17:5 tenants.team.models: is empty; give it a value or remove the line'],
    ['of the wrong type', 'amount: 100', 'amount: lots', 'remora.yaml:18:23 tenants.team.budget.amount: must be a number'],
    [
      'a list with one item given alone',
      '[smart]',
      'smart',
      'remora.yaml:11:15 models.fast.fallback: must be a list, in [ ] or one "- " per line, such as [smart]',
    ],
    ['out of range', 'amount: 100', 'amount: -1', 'remora.yaml:18:23 tenants.team.budget.amount: must be from 0 to 1000000000'],
    [
      'an unknown choice',
      '[email, phone]',
      '[e-mail, phone]',
      'remora.yaml:19:25 tenants.team.privacy.redact[0]: must be one of email, phone, card, us-ssn, iban; did you mean email?',
    ],
    [
      'an unknown kind',
      'kind: openai',
      'kind: gemni',
      expect.stringMatching(/^remora.yaml:5:11 providers.openai.kind: must be one of openai, .*; did you mean gemini\?$/) as string,
    ],
    [
      'a list without items',
      '[fast, smart]',
      '[]',
      'remora.yaml:17:5 tenants.team.models: must have at least one item; leave the field out where it may be',
    ],
    [
      'a bad name',
      '  openai:',
      '  OpenAI:',
      'remora.yaml:4:3 providers.OpenAI: must be a name of lower-case letters, digits, "-" and "_", 63 at most',
    ],
    ['a name of the language', '  team:', '  __proto__:', 'remora.yaml:15:3 tenants.__proto__: is not a name that can be used'],
    [
      'an address without a port',
      '127.0.0.1:9080',
      '127.0.0.1',
      'remora.yaml:1:9 listen: must be an IP address and a port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080',
    ],
    [
      'an admin address that others reach',
      '127.0.0.1:9081',
      '0.0.0.0:9081',
      'remora.yaml:2:18 admin.listen: must be a loopback address, such as 127.0.0.1:8081, unless admin.token is set: else whoever reaches the port may make keys',
    ],
    ['the same port twice', '127.0.0.1:9081', '127.0.0.1:9080', 'remora.yaml:2:18 admin.listen: must have another port than listen, which has 9080'],
    ['a store of no known form', /^/, 'store: redis\n', 'remora.yaml:1:8 store: must be embedded or { embedded, redis, whenGone, keepEntries: … }'],
    [
      'a store without a path',
      /^/,
      'store: { embedded: {} }\n',
      'remora.yaml:1:10 store.embedded.path: is missing; add it: where it lies, relative to this file',
    ],
    [
      'a time without a unit',
      'kind: openai',
      'timeouts: { connect: "5" }\n    kind: openai',
      'remora.yaml:5:26 providers.openai.timeouts.connect: must be a time from 1ms to 24h with its unit, such as 500ms, 5s or 2m',
    ],
    [
      'a number for a time',
      'kind: openai',
      'timeouts: { connect: 5 }\n    kind: openai',
      'remora.yaml:5:26 providers.openai.timeouts.connect: must be text, such as "5s"',
    ],
  ])('%s: line, field and mend', (_, from, to, line) => {
    expect(problems(from, to)).toEqual(expect.arrayContaining([line]));
  });

  test('names that are not plain words stand in quotes', () => {
    expect(problems('  smart:\n    targets:', '  "gpt-4.1":\n    target:')).toContain(
      'remora.yaml:13:5 models["gpt-4.1"].target: is not a field; did you mean targets?',
    );
  });
});

describe('names, addresses and keys', () => {
  test.each([
    [
      'an unknown provider',
      'provider: openai',
      'provider: opnai',
      'remora.yaml:10:27 models.fast.targets[0].provider: there is no provider "opnai", did you mean openai?; declared are openai, anthropic',
    ],
    ['an unknown fallback', '[smart]', '[clever]', 'remora.yaml:11:16 models.fast.fallback[0]: there is no model "clever"; declared are fast, smart'],
    [
      'an unknown model of a tenant',
      '[fast, smart]',
      '[fast, clever]',
      'remora.yaml:17:20 tenants.team.models[1]: there is no model "clever"; declared are fast, smart',
    ],
    [
      'all models of a provider',
      '[fast, smart]',
      '[fast, openai/*]',
      'remora.yaml:17:20 tenants.team.models[1]: names all models of a provider, which cannot be allowed yet; declare each under models and name it',
    ],
    [
      'a loop',
      'claude-sonnet-4-5 }]',
      'claude-sonnet-4-5 }]\n    fallback: [fast]',
      'remora.yaml:14:16 models.smart.fallback[0]: falls back in a loop: fast → smart → fast; take it out',
    ],
    ['a fallback to itself', '[smart]', '[fast]', 'remora.yaml:11:16 models.fast.fallback[0]: falls back in a loop: fast → fast; take it out'],
    ['a fallback twice', '[smart]', '[smart, smart]', 'remora.yaml:11:23 models.fast.fallback[1]: is listed twice; keep one'],
    [
      'weights of 0',
      'claude-sonnet-4-5 }',
      'claude-sonnet-4-5, weight: 0 }',
      'remora.yaml:13:5 models.smart.targets: have a weight of 0 each; give one of them more',
    ],
    [
      'a deployment twice',
      'claude-sonnet-4-5 }',
      'claude-sonnet-4-5 }, { provider: anthropic, model: claude-sonnet-4-5 }',
      'remora.yaml:13:66 models.smart.targets[1]: is the same provider and model; keep one, with the weights added',
    ],
    [
      'more deployments than Envoy tries',
      '[{ provider: anthropic, model: claude-sonnet-4-5 }]',
      `[${Array.from({ length: 7 }, (_, index) => `{ provider: anthropic, model: m${index} }`).join(', ')}]`,
      'remora.yaml:9:3 models.fast: leads to 9 deployments, its fallbacks included, and Envoy tries 8 at most; take some out',
    ],
    [
      'no provider',
      /providers:[^]*(?=models:\n)/,
      'providers: {}\n',
      'remora.yaml:3:1 providers: is empty; add a provider, such as openai: { kind: openai, apiKey: "${OPENAI_API_KEY}" }',
    ],
    [
      'no model',
      /models:\n[^]*(?=tenants:)/,
      'models: {}\n',
      'remora.yaml:8:1 models: is empty; add a model, such as fast: { targets: [{ provider: openai, model: gpt-5-mini }] }',
    ],
    [
      'no providers at all',
      /providers:[^]*(?=models:\n)/,
      '',
      'remora.yaml:1:1 providers: is missing; add it: who is called and paid, by a name of your choice',
    ],
    [
      'no key for the vendor',
      '    apiKey: ${OPENAI_API_KEY}\n',
      '',
      'remora.yaml:4:3 providers.openai.apiKey: is missing; api.openai.com asks for a key',
    ],
    [
      'no address',
      'kind: openai',
      'kind: openai-compatible',
      "remora.yaml:4:3 providers.openai.baseUrl: is missing; the kind openai-compatible has no address of its own, so write the server's",
    ],
    [
      'the version twice',
      '{ kind: anthropic,',
      '{ kind: anthropic, baseUrl: https://api.anthropic.com/v1,',
      'remora.yaml:7:42 providers.anthropic.baseUrl: must not end in /v1: calls go to /v1/messages below it',
    ],
    [
      'the whole endpoint',
      'kind: openai',
      'kind: openai\n    baseUrl: https://api.openai.com/v1/chat/completions',
      'remora.yaml:6:14 providers.openai.baseUrl: must not end in /chat/completions: calls go to /chat/completions below it',
    ],
    [
      'a file that is not there',
      'kind: openai',
      'kind: openai\n    caFile: no-such.pem',
      'remora.yaml:6:13 providers.openai.caFile: names a file that does not exist',
    ],
    [
      'a key name twice',
      '[{ name: laptop',
      `[{ name: laptop, hash: "${hash('b')}" }, { name: laptop`,
      'remora.yaml:16:119 tenants.team.keys[1].name: is a name that an earlier key has; give each its own',
    ],
    [
      'a key of two tenants',
      '  team:',
      `  other: { keys: [{ name: x, hash: "${hash('A')}" }] }\n  team:`,
      'remora.yaml:17:34 tenants.team.keys[0].hash: is the hash of tenants.other.keys[0].hash too; a key names one tenant, so make another',
    ],
  ])('%s: line, field and mend', (_, from, to, line) => {
    expect(problems(from, to)).toEqual(expect.arrayContaining([line]));
  });

  test('a model name may hold slashes, dots and colons', () => {
    expect(
      compile(sound.replace('  smart:', '  "meta/llama-3.1:free":').replaceAll('smart', '"meta/llama-3.1:free"')).models.has('meta/llama-3.1:free'),
    ).toBe(true);
  });
});

describe('hashes of keys', () => {
  const at = 'remora.yaml:16:34 tenants.team.keys[0].hash:';
  const how = 'printf %s "$KEY" | sha256sum';

  test.each([
    [
      'a plain key',
      'rk-my-own-plain-key',
      `${at} must be "sha256:" and the 64 hex digits of the key's SHA-256, not the key itself; make them with: ${how}`,
    ],
    ['digits alone', 'c'.repeat(64), `${at} must say how it was hashed: put "sha256:" before the digits`],
    [
      'the hash of nothing',
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      `${at} is the hash of an empty text; set KEY before you run: ${how}`,
    ],
  ])('%s is refused and not shown', (_, value, line) => {
    const shown = problems(hash('a'), value);
    expect(shown).toEqual([line]);
    expect(shown.join()).not.toContain(value);
  });
});

describe('secrets', () => {
  test('a variable that is unset is named with its field and line, and needs no second error', () => {
    expect(problems('${OPENAI_API_KEY}', '${NO_SUCH_VARIABLE}')).toEqual([
      'remora.yaml:6:13 providers.openai.apiKey: the environment variable NO_SUCH_VARIABLE is not set; set it, or give the value in another way',
    ]);
  });

  test('an empty variable counts as unset', () => {
    expect(problems('${OPENAI_API_KEY}', '${EMPTY}')[0]).toContain('the environment variable EMPTY is not set');
  });

  test('a reference with a default is refused', () => {
    expect(problems('${OPENAI_API_KEY}', '${OPENAI_API_KEY:-sk}')[0]).toContain('has a "${" that names no environment variable; write ${NAME}');
  });

  test('variables are replaced inside texts, after parsing', () => {
    const text = sound.replace('kind: openai', 'kind: openai\n    baseUrl: https://${HOST}/v1');
    const { endpoints } = compileConfig(text, { path: 'remora.yaml', env: { ...env, HOST: 'proxy.example.com', OPENAI_API_KEY: 'a":{[#' } });
    expect(endpoints.get('openai')?.[0].baseUrl).toEqual(new URL('https://proxy.example.com/v1'));
    expect(shownBy(endpoints.get('openai'))).toEqual({ authorization: 'Bearer a":{[#' });
  });

  test('a key may come from a file, relative to the config', () => {
    writeFileSync(join(folder, 'key'), ' sk-from-file\n');
    const path = join(folder, 'remora.yaml');
    writeFileSync(path, sound.replace('${OPENAI_API_KEY}', 'file:key'));
    expect(shownBy(loadConfig(path, env).endpoints.get('openai'))).toEqual({ authorization: 'Bearer sk-from-file' });
  });

  test('a file of a key that cannot be read is an error', () => {
    expect(problems('${OPENAI_API_KEY}', 'file:/no/such/file')).toEqual([
      'remora.yaml:6:13 providers.openai.apiKey: names a file that cannot be read (ENOENT)',
    ]);
  });

  test.each([
    ['a provider', 'provider: openai', 'provider: "${OPENAI_API_KEY}"'],
    ['a fallback', '[smart]', '["${OPENAI_API_KEY}"]'],
    ['a model of a tenant', '[fast, smart]', '["${OPENAI_API_KEY}"]'],
    ['a kind', 'kind: openai', 'kind: "${OPENAI_API_KEY}"'],
    ['an address', '127.0.0.1:9080', '"${OPENAI_API_KEY}"'],
    ['a URL', 'kind: openai', 'kind: openai\n    baseUrl: "http://${OPENAI_API_KEY}@x"'],
    ['a hash', hash('a'), '${OPENAI_API_KEY}'],
    ['a number', 'amount: 100', 'amount: "${OPENAI_API_KEY}"'],
    ['a choice', '[email, phone]', '["${OPENAI_API_KEY}"]'],
    ['a file', 'kind: openai', 'kind: openai\n    caFile: "${OPENAI_API_KEY}"'],
    ['a key with a space', '${OPENAI_API_KEY}', '${OPENAI_API_KEY} x'],
  ])('are in no error, also when they stand in place of %s', (_, from, to) => {
    const shown = problems(from, to);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.join('\n')).not.toContain(secret);
  });

  test('are in no error about broken YAML either', () => {
    for (const broken of [
      `*${secret}`,
      `!${secret}`,
      `@${secret}`,
      `"${secret}`,
      `"\\q${secret}"`,
      `[${secret}`,
      `a: ${secret}: b`,
      `%${secret}`,
      `&${secret}`,
    ]) {
      const shown = problems('${OPENAI_API_KEY}', broken);
      expect(shown.join('\n'), broken).not.toContain(secret);
      expect(shown.length, broken).toBeGreaterThan(0);
    }
  });
});

test('all errors come at once, in the order of the file', () => {
  const text = sound
    .replace('listen: 127.0.0.1:9080', 'listen: here')
    .replace('kind: openai', 'kind: openia')
    .replace('${ANTHROPIC_API_KEY}', '${NOT_SET}')
    .replace('provider: openai', 'provider: opnai')
    .replace('[fast, smart]', '[fast, clever]')
    .replace('per: month', 'per: fortnight');
  expect(problems('[smart]', '[smrt]', text).map((line) => line.split(': ')[0])).toEqual([
    'remora.yaml:1:9 listen',
    'remora.yaml:5:11 providers.openai.kind',
    'remora.yaml:7:41 providers.anthropic.apiKey',
    'remora.yaml:10:27 models.fast.targets[0].provider',
    'remora.yaml:11:16 models.fast.fallback[0]',
    'remora.yaml:17:20 tenants.team.models[1]',
    'remora.yaml:18:33 tenants.team.budget.per',
  ]);
});

test('a field that is wrong in itself hides nothing else', () => {
  expect(problems('weight: 80', 'weight: much', sound.replace('provider: anthropic, model: claude-haiku-4-5', 'provider: antropic'))).toEqual([
    'remora.yaml:10:62 models.fast.targets[0].weight: must be a number, such as 80',
    "remora.yaml:10:70 models.fast.targets[1].model: is missing; add it: the provider's own model id",
    'remora.yaml:10:82 models.fast.targets[1].provider: there is no provider "antropic", did you mean anthropic?; declared are openai, anthropic',
  ]);
  expect(problems('[email, phone]', '[email, phones]', sound.replace('[fast, smart]', '[fast, fast]'))).toEqual([
    'remora.yaml:17:20 tenants.team.models[1]: is listed twice; keep one',
    'remora.yaml:19:32 tenants.team.privacy.redact[1]: must be one of email, phone, card, us-ssn, iban; did you mean phone?',
  ]);
});

test('a provider that is wrong in itself still counts as declared', () => {
  expect(problems('kind: openai', 'kind: openia').join()).not.toContain('there is no provider');
});

test('a file that does not exist is one sentence', () => {
  expect(() => loadConfig(join(folder, 'none.yaml'), env)).toThrow(`${join(folder, 'none.yaml')} does not exist; name another file with --config`);
});

describe('warnings', () => {
  test.each([
    [
      'an unused provider',
      '  anthropic:',
      '  spare: { kind: openai, apiKey: x }\n  anthropic:',
      'remora.yaml:7:3 providers.spare: is used by no model',
    ],
    [
      'a model of no tenant',
      '  smart:',
      '  spare: { targets: [{ provider: openai, model: x }] }\n  smart:',
      'remora.yaml:12:3 models.spare: is allowed to no tenant',
    ],
    ['no tenants', /tenants:[^]*/, '', 'remora.yaml:1:1 tenants: is empty, so every request is refused; add a tenant'],
    ['a target without weight', 'weight: 20', 'weight: 0', 'remora.yaml:10:124 models.fast.targets[1].weight: is 0, so this target is never tried'],
    [
      'a key over plain http',
      'kind: openai',
      'kind: openai\n    baseUrl: http://proxy.example.com/v1',
      'remora.yaml:6:14 providers.openai.baseUrl: is http, so the key crosses the network unencrypted',
    ],
    [
      "the vendor's host with another path",
      'kind: openai',
      'kind: openai\n    baseUrl: https://api.openai.com',
      "remora.yaml:6:14 providers.openai.baseUrl: differs from the vendor's own, https://api.openai.com/v1, in its path",
    ],
    [
      'no price under a budget',
      'kind: openai',
      'kind: openai-compatible\n    baseUrl: https://llm.example.com/v1',
      'remora.yaml:11:15 models.fast.targets[0]: has no price, so tenants with a budget are refused; add price',
    ],
    [
      'a fallback that an earlier one leads to',
      'fallback: [smart]',
      'fallback: [middle, smart]\n  middle: { targets: [{ provider: openai, model: gpt-5 }], fallback: [smart] }',
      'remora.yaml:11:24 models.fast.fallback[1]: has no effect: an earlier fallback leads to it',
    ],
  ])('%s', (_, from, to, line) => {
    expect(
      warnings(
        sound
          .replace(from, () => to)
          .replace('models: [fast, smart]', () => (to.includes('middle:') ? 'models: [fast, middle, smart]' : 'models: [fast, smart]')),
      ),
    ).toEqual([line]);
  });

  test('a fallback that a tenant’s list cuts off', () => {
    expect(warnings(sound.replace('models: [fast, smart]', 'models: [fast]'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/tenants\.team\.models\[0\]: leads to smart, which is not on the list/)]),
    );
  });
});

test('any text either compiles or gives a ConfigError that holds no secret', () => {
  const marks = ['{', '}', '[', ']', ':', ',', '-', '&', '*', '!', '|', '>', "'", '"', '#', '%', '@', '`', '$', ' ', '\n', '\t', 'a', '0', '~'];
  const letters = fc.constantFrom(...marks, '${', '<<: ', 'null', '__proto__: ', '--- ');
  const noise = fc.array(letters, { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.nat(sound.length), fc.nat(12), noise, (at, length, inserted) => {
      try {
        compile(sound.slice(0, at) + inserted + sound.slice(at + length));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
        expect(error.message).not.toContain(secret);
      }
    }),
    { numRuns: 300 },
  );
});
