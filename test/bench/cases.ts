import { createServer } from 'node:http';
import { freePort, hashOf } from '../e2e/gateway.ts';
import type { Child } from './child.ts';
import { startPlainEnvoy, startRemora, type Gateway, type Surroundings } from './gateways.ts';
import type { BenchOptions, CaseName } from './options.ts';

/** One way to the fake provider. */
export interface Case {
  name: CaseName;
  title: string;
  port: number;
  /** Undefined where clients reach the provider directly. */
  gateway: Gateway | undefined;
  /** What clients ask for. */
  model: string;
  /** Where the provider is to be asked. */
  providerPath: string;
  /** Whether personal data is kept from the provider and put back into its answer. */
  redacts: boolean;
}

/** The virtual key of all clients. */
export const key = 'rk-bench-3f0c9a7d5e1b8264';

const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages' } as const;

type Opened = Pick<Case, 'port' | 'gateway'>;
interface Plan extends Omit<Case, 'name' | 'port' | 'gateway'> {
  /** What the tenant's policies and the telemetry add to the config. */
  on?: { tenant?: object; rest?: object };
}

const plans: Record<CaseName, Plan> = {
  direct: { title: 'the provider, directly', model: 'gpt', providerPath: paths.openai, redacts: false },
  plain: { title: 'plain Envoy', model: 'gpt', providerPath: paths.openai, redacts: false },
  passing: { title: 'Remora, passing through', model: 'gpt', providerPath: paths.openai, redacts: false },
  translating: { title: 'Remora, translating', model: 'claude', providerPath: paths.anthropic, redacts: false },
  everything: { title: 'Remora, everything on', model: 'claude-then-gpt', providerPath: paths.anthropic, redacts: true },
  against: { title: 'the same, other checkout', model: 'claude-then-gpt', providerPath: paths.anthropic, redacts: true },
};

/** Starts what a case needs. The fake provider runs already. */
export async function openCase(name: CaseName, fakePort: number, otlpPort: number, options: BenchOptions, surroundings: Surroundings): Promise<Case> {
  const plan = plans[name];
  const config = {
    listen: `127.0.0.1:${await freePort()}`,
    admin: { listen: `127.0.0.1:${await freePort()}` },
    ...providersAndModels(fakePort),
    tenants: { bench: { keys: [{ name: 'bench', hash: hashOf(key) }], ...(plan.redacts ? policies : {}) } },
    ...(plan.redacts ? { telemetry: { otlp: `http://127.0.0.1:${otlpPort}`, sampling: 0.01 } } : {}),
  };
  return { name, ...plan, ...(await open(name, config, fakePort, options, surroundings)) };
}

async function open(
  name: CaseName,
  config: object,
  fakePort: number,
  { against, profile }: BenchOptions,
  surroundings: Surroundings,
): Promise<Opened> {
  if (name === 'direct') return { port: fakePort, gateway: undefined };
  const gateway =
    name === 'plain'
      ? await startPlainEnvoy(config, surroundings)
      : await startRemora(name, config, surroundings, {
          ...(name === 'against' && against !== undefined ? { root: against } : {}),
          execArgv: profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile, '--cpu-prof-name', `${name}.cpuprofile`],
        });
  return { port: gateway.port, gateway };
}

const providersAndModels = (fakePort: number) => ({
  providers: {
    openai: { kind: 'openai', baseUrl: `http://127.0.0.1:${fakePort}/v1`, apiKey: 'sk-bench-openai' },
    anthropic: { kind: 'anthropic', baseUrl: `http://127.0.0.1:${fakePort}`, apiKey: 'sk-ant-bench' },
  },
  models: {
    gpt: { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] },
    claude: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] },
    'claude-then-gpt': { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }], fallback: ['gpt'] },
  },
});

const policies = {
  budget: { amount: 100_000_000, per: 'month' },
  privacy: { redact: ['email', 'phone', 'card', 'us-ssn', 'iban'], restore: true },
};

/** A receiver of spans that counts. */
export interface SpanSink {
  port: number;
  /** Exports that Envoy and the sidecar have sent. */
  exports(): { envoy: number; sidecar: number };
  close(): void;
}

/** Starts the sink in this process: at 1 % there is next to nothing to receive. */
export async function startSpanSink(): Promise<SpanSink> {
  let [envoy, sidecar] = [0, 0];
  // A connection that is closed for being idle costs Envoy an export.
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    request.resume().once('end', () => response.end('{}'));
    if (request.headers['content-type'] === 'application/json') sidecar++; // Envoy writes protobuf
    else envoy++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    exports: () => ({ envoy, sidecar }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The fake provider's last request, as the child tells it. */
export const lastRequest = async (fake: Child): Promise<{ head: string; body: string }> =>
  (await fake.ask({ last: true })) as { head: string; body: string };
