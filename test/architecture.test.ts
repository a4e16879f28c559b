import { describe, expect, test } from 'vitest';
import {
  crossings,
  namedMembers,
  oddProtocolFiles,
  readModule,
  readModules,
  shortLived,
  strayAmbient,
  strayPackages,
  vagueFolders,
  type Module,
  type Walls,
} from './architecture.ts';

/** Who may import whom. Where only a file is named, the rest of its folder is none of the importer's business. */
const walls: Walls = {
  'errors.ts': [],
  llm: [],
  framing: [],
  admission: ['errors.ts'],
  protocols: ['llm', 'framing', 'errors.ts'],
  providers: ['protocols', 'framing'],
  routing: ['providers', 'protocols', 'llm', 'framing', 'errors.ts'],
  pricing: ['routing', 'protocols', 'framing', 'llm', 'errors.ts'],
  stores: [
    'llm',
    'errors.ts',
    'identity/virtual-key.ts',
    'policies/policy.ts',
    'policies/terms.ts',
    'protocols/protocol.ts',
    'routing/health/change.ts',
    'config/snapshot.ts', // which store is meant
  ],
  quotas: ['stores', 'policies/terms.ts'],
  identity: [
    'errors.ts',
    'envoy/names.ts',
    'policies/tenant.ts',
    'policies/terms.ts',
    'providers/provider.ts',
    'routing/deployment.ts',
    'stores/store.ts', // the interface, never a store
  ],
  usage: ['stores', 'llm'],
  policies: [
    'routing',
    'protocols',
    'pricing',
    'llm',
    'framing',
    'errors.ts',
    'providers/provider.ts',
    'quotas',
    'usage/labels.ts',
    'stores/store.ts', // the interface, never a store
    'stores/quota.ts',
    'stores/entry.ts',
  ],
  mirror: [
    'routing',
    'protocols',
    'pricing',
    'llm',
    'framing',
    'errors.ts',
    'admission/body-memory.ts',
    'providers/provider.ts',
    'policies',
    'quotas',
    'stores/store.ts', // the interface, never a store
    'stores/entry.ts',
  ],
  telemetry: ['routing', 'llm', 'errors.ts', 'policies/policy.ts', 'policies/tenant.ts', 'envoy/names.ts'],
  config: [
    'routing',
    'llm',
    'errors.ts',
    'identity/virtual-key.ts',
    'identity/rules.ts',
    'identity/jwk-set.ts',
    'identity/discovery.ts', // whether an issuer can be asked
    'policies/tenant.ts',
    'policies/terms.ts',
    'providers/registry.ts',
    'providers/provider.ts',
    'protocols/pass-through.ts',
  ],
  envoy: ['routing', 'errors.ts', 'config/snapshot.ts'],
  extproc: [
    'admission',
    'identity',
    'mirror',
    'policies',
    'routing',
    'providers',
    'protocols',
    'pricing',
    'stores',
    'telemetry',
    'llm',
    'framing',
    'errors.ts',
    'config/snapshot.ts', // what is compiled, not how it is read
    'envoy/names.ts',
  ],
  admin: [
    'telemetry',
    'stores',
    'usage',
    'quotas',
    'errors.ts',
    'identity/virtual-key.ts',
    'policies/terms.ts',
    'routing/health/health-report.ts',
    'config/snapshot.ts',
    'config/values.ts', // what admins send is read as the config is
    'config/near-name.ts',
    'config/explain.ts',
    'config/problem.ts',
    'config/schema-names.ts',
    'config/schema-terms.ts',
    'config/compile-terms.ts',
  ],
  demo: [], // a fake that used our own readers and writers would share their mistakes
  gateway: ['identity', 'policies', 'pricing', 'quotas', 'routing', 'stores', 'telemetry', 'config/snapshot.ts'],
  'gateway.ts': [
    'gateway',
    'admission',
    'mirror',
    'extproc',
    'policies',
    'routing',
    'providers',
    'protocols',
    'pricing',
    'identity',
    'quotas',
    'stores',
    'telemetry',
    'admin',
    'config',
    'envoy',
    'llm',
    'framing',
    'errors.ts',
  ],
  cli: [
    'gateway.ts',
    'config',
    'envoy',
    'demo',
    'admin',
    'stores',
    'usage',
    'identity/virtual-key.ts',
    'telemetry',
    'errors.ts',
    'routing/deployment.ts',
  ],
  'main.ts': ['cli', 'config', 'errors.ts'],
};

const isGrpc = (name: string): boolean => name === 'node:http2' || name.startsWith('@grpc/') || name.startsWith('protobufjs');
const isEnvironment = (what: string): boolean => what === 'process.env';
const isClockOrChance = (what: string): boolean => !isEnvironment(what);

const rules: { fact: string; violations: (modules: readonly Module[]) => string[]; broken: Record<string, string>; found: string[] }[] = [
  {
    fact: 'imports point one way',
    violations: (modules) => crossings(modules, walls),
    broken: {
      'llm/part.ts': `import type { Fault } from '../errors.ts';`,
      'framing/sse.ts': `export { part } from '../llm/part.ts';`,
      'policies/limits.ts': `const store = await import('../stores/embedded/store.ts');`,
      'protocols/relay.ts': `type Route = import('../routing/route.ts').Route;`,
      'plugins/new.ts': '',
    },
    found: [
      'llm/part.ts imports errors.ts',
      'framing/sse.ts imports llm/part.ts',
      'policies/limits.ts imports stores/embedded/store.ts',
      'protocols/relay.ts imports routing/route.ts',
      'plugins/new.ts: the walls say nothing of plugins',
    ],
  },
  {
    fact: 'only extproc/ knows gRPC and protobuf',
    violations: (modules) => strayPackages(modules, isGrpc, 'extproc'),
    broken: {
      'extproc/grpc.ts': `import { Server } from 'node:http2';`,
      'gateway.ts': `import { createServer } from 'node:http2';`,
      'envoy/bootstrap.ts': `import 'protobufjs/light.js';`,
    },
    found: ['gateway.ts imports node:http2', 'envoy/bootstrap.ts imports protobufjs'],
  },
  {
    fact: 'only config/ reads the environment',
    violations: (modules) => strayAmbient(modules, isEnvironment, ['config']),
    broken: { 'config/environment.ts': `export const all = process.env;`, 'cli/up.ts': `const port = process.env['PORT'];` },
    found: ['cli/up.ts uses process.env'],
  },
  {
    fact: 'clock and randomness come in as parameters',
    violations: (modules) => strayAmbient(modules, isClockOrChance, ['gateway.ts', 'main.ts', 'cli', 'demo', 'config/environment.ts']),
    broken: {
      'gateway.ts': `const now = Date.now;`,
      'routing/route.ts': `const at = Math.random() * performance.now();`,
      'stores/period.ts': `const today = new Date(); const then = new Date(0); const date: Date = today;`,
      'policies/budget.ts': `import { createHash, randomUUID } from 'node:crypto'; const f = (now = Date.now) => now();`,
    },
    found: [
      'routing/route.ts uses Math.random',
      'routing/route.ts uses performance.now',
      'stores/period.ts uses new Date()',
      'policies/budget.ts uses randomUUID',
      'policies/budget.ts uses Date.now',
    ],
  },
  {
    fact: 'what is made for each exchange goes with it: no accessors in object literals, no generators within functions',
    violations: (modules) =>
      shortLived(modules, ['extproc', 'routing', 'protocols', 'policies'], ['routing/health/breaker.ts', 'routing/health/set-aside.ts']),
    broken: {
      'extproc/plan.ts': `export const plan = (chain) => ({ get chain() { return chain; }, of: 1, ...chain, begin() {} });`,
      'extproc/exchange.ts': `export const open = () => async function* findWay() {}; export async function* exchange() {}`,
      'routing/route.ts': `export class Route { get chain() { return []; } async *wait() {} }`,
      'stores/accounts.ts': `export const accounts = { get all() { return []; } };`,
    },
    found: ['extproc/plan.ts makes chain', 'extproc/exchange.ts makes findWay*'],
  },
  {
    fact: 'a provider is named only by the registry of providers and the composition root',
    violations: (modules) =>
      namedMembers(modules, 'providers', {
        frame: ['providers/provider.ts', 'providers/registry.ts'],
        namers: ['providers/registry.ts', 'gateway.ts'],
      }),
    broken: {
      'providers/registry.ts': `import { openai } from './openai.ts';`,
      'providers/openai-compatible.ts': `import { openai } from './openai.ts'; import type { Provider } from './provider.ts';`,
      'extproc/plan.ts': `import { openai } from '../providers/openai.ts'; import type { Provider } from '../providers/provider.ts';`,
    },
    found: ['extproc/plan.ts names providers/openai.ts'],
  },
  {
    fact: 'a policy is named only by the composition root',
    violations: (modules) =>
      namedMembers(modules, 'policies', {
        frame: ['policy', 'pipeline', 'order', 'tenant', 'terms', 'meters', 'charges', 'tenant.fixture', 'opening.fixture'].map(
          (name) => `policies/${name}.ts`,
        ),
        namers: ['gateway.ts', 'gateway/policies.ts', 'gateway/budget-warning.ts'],
      }),
    broken: {
      'gateway.ts': `import { redact } from './policies/redact/index.ts';`,
      'policies/pipeline.ts': `import { redact } from './redact/index.ts';`,
      'extproc/exchange.ts': `import { budget } from '../policies/budget.ts'; import { openPipeline } from '../policies/pipeline.ts';`,
    },
    found: ['policies/pipeline.ts names policies/redact/index.ts', 'extproc/exchange.ts names policies/budget.ts'],
  },
  {
    fact: "every protocol's folder has the same files",
    violations: oddProtocolFiles,
    broken: Object.fromEntries(
      ['error', 'index', 'request', 'response', 'request-tools', 'stream', 'translate'].map((name) => [`protocols/cohere-chat/${name}.ts`, '']),
    ),
    found: ['protocols/cohere-chat lacks wire.ts', "protocols/cohere-chat/translate.ts belongs to none of a protocol's files"],
  },
  {
    fact: 'no folder or file has a name that says nothing',
    violations: vagueFolders,
    broken: { 'policies/utils/clamp.ts': '', 'framing/helpers.ts': '', 'llm/shared-prefix.ts': '' },
    found: ['policies/utils/clamp.ts', 'framing/helpers.ts'],
  },
  {
    fact: 'exports have names',
    violations: (modules) => modules.filter(({ hasDefaultExport }) => hasDefaultExport).map(({ path }) => path),
    broken: {
      'llm/part.ts': `export default 1;`,
      'llm/usage.ts': `const usage = 1; export { usage as default };`,
      'llm/request.ts': `export const a = 1;`,
    },
    found: ['llm/part.ts', 'llm/usage.ts'],
  },
];

const modules = readModules('src');

describe.each(rules)('$fact', ({ violations, broken, found }) => {
  test('in the source', () => {
    expect(violations(modules)).toEqual([]);
  });

  test('and the check finds what breaks it', () => {
    expect(violations(Object.entries(broken).map(([path, source]) => readModule(path, source)))).toEqual(found);
  });
});

test('the check reads the whole source tree', () => {
  expect(modules.length).toBeGreaterThan(50);
  expect(modules.find(({ path }) => path === 'extproc/grpc.ts')?.imports).toContain('node:http2');
});

test('a comment or a string breaks no rule', () => {
  const source = `/** Reads process.env, import('../errors.ts') and Date.now(). */ export const help = "import { a } from '../gateway.ts'";`;
  expect(readModule('llm/part.ts', source)).toEqual({ path: 'llm/part.ts', imports: [], ambient: [], hasDefaultExport: false, lingering: [] });
});
