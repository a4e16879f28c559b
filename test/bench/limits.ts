import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.ts';
import { runCommand } from '../../src/envoy/command.ts';
import { freePort, hashOf } from '../e2e/gateway.ts';
import { requestBody, type Workload } from './canned.ts';
import { startChild, type Child } from './child.ts';
import { envoyBinary, startRemora, type Gateway } from './gateways.ts';
import type { LoadOrder, LoadResult, ProbeOrder, ProbeResult } from './load.ts';
import { writePage } from './page.ts';
import { cpuMs, rssMib } from './process-cost.ts';
import { median } from './report.ts';

// `npm run bench:limits`: what limits and budgets cost a request, beside the same gateway without them, in turns in one run.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '25' },
    clients: { type: 'string', default: '32' },
    profile: { type: 'string' },
    markdown: { type: 'string' },
  },
});
const [seconds, rounds, clients] = [Number(values.seconds), Number(values.rounds), Number(values.clients)];

/** Options of Node's for a CPU profile of each sidecar, where one is asked for. */
const profileOf = (index: number): string[] =>
  values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile, '--cpu-prof-name', `case-${index}.cpuprofile`];

/** What every tenant is held to in the cases with limits. */
const terms = {
  limits: [{ requests: 1_000_000_000, per: 'minute' }, { tokens: 100_000_000_000, per: 'minute' }, { concurrent: 100_000 }],
  budgets: [
    {
      amount: 900_000_000,
      per: 'month',
      ladder: [
        { at: '80%', warn: true },
        { at: '90%', use: 'gpt' },
      ],
    },
    { tokens: 900_000_000_000, per: 'day' },
  ],
};

interface Subject {
  title: string;
  tenants: number;
  keysEach: number;
  isLimited: boolean;
}

const subjects: readonly [Subject, ...Subject[]] = [
  { title: 'without limits', tenants: 1, keysEach: 1, isLimited: false },
  { title: 'limits and budgets', tenants: 1, keysEach: 1, isLimited: true },
  { title: '1,000 tenants with 10 keys each, without limits', tenants: 1000, keysEach: 10, isLimited: false },
  { title: '1,000 tenants with 10 keys each, limits and budgets', tenants: 1000, keysEach: 10, isLimited: true },
];

const keyOf = (tenant: number, key: number): string => `rk-bench-${tenant}-${key}`;

async function configOf(
  { tenants, keysEach, isLimited }: Subject,
  { fakePort, adminPort }: { fakePort: number; adminPort: number },
): Promise<object> {
  const many = Array.from({ length: tenants }, (_, tenant) => [
    `team-${tenant}`,
    {
      parent: 'company',
      keys: Array.from({ length: keysEach }, (__, key) => ({ name: `k${key}`, hash: hashOf(keyOf(tenant, key)) })),
      ...(isLimited ? terms : {}),
    },
  ]);
  return {
    listen: `127.0.0.1:${await freePort()}`,
    admin: { listen: `127.0.0.1:${adminPort}` },
    providers: { openai: { kind: 'openai', baseUrl: `http://127.0.0.1:${fakePort}/v1`, apiKey: 'sk-bench-openai' } },
    models: { gpt: { targets: [{ provider: 'openai', model: 'gpt-4.1-mini' }] } },
    tenants: { company: isLimited ? terms : {}, ...Object.fromEntries(many) },
  };
}

function requestOf(port: number, key: string, workload: Workload): string {
  const body = requestBody('gpt', workload);
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    `authorization: Bearer ${key}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** All keys in turn, so that 1,000 tenants are under way. */
function requestsOf({ tenants, keysEach }: Subject, port: number, workload: Workload): string[] {
  return Array.from({ length: Math.min(tenants * keysEach, 2000) }, (_, index) =>
    requestOf(port, keyOf(index % tenants, Math.floor(index / tenants) % keysEach), workload),
  );
}

interface Running {
  subject: Subject;
  gateway: Gateway;
  adminPort: number;
  configFile: string;
}

interface Slice {
  /** CPU milliseconds per request, of both and of each. */
  cpu: number;
  envoy: number;
  sidecar: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  requests: number;
}

/** How many requests of a gateway have waited for its store. */
async function waits(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(/^remora_store_wait_seconds_count (\d+)$/m.exec(text)?.[1]);
}

/** Before anything is measured: each of 2,000 keys was seen, and the code is compiled. */
const warmUpRequests = 2500;

const started: { stop(): Promise<void> | void }[] = [];

async function measure(workload: Workload, running: readonly Running[], { fake, load }: { fake: Child; load: Child }): Promise<string[][]> {
  await fake.ask({ gapMs: 0 });
  const orders: LoadOrder[] = [];
  for (const { subject, gateway } of running) {
    const [request = '', ...others] = requestsOf(subject, gateway.port, workload);
    const { response, body } = (await load.ask({ port: gateway.port, request } satisfies ProbeOrder)) as ProbeResult;
    if (response.status !== 200) throw new Error(`${subject.title}: status ${response.status}: ${body}`);
    orders.push({ port: gateway.port, request, others, clients, durationMs: seconds * 1000, expected: response, spreadMs: 0 });
  }
  const loadFrom = async (order: LoadOrder | undefined): Promise<LoadResult> => {
    if (order === undefined) throw new Error('each case has an order');
    const result = (await load.ask(order)) as LoadResult;
    order.after = (order.after ?? 0) + result.requests; // all keys have their turn
    return result;
  };
  for (const order of orders) {
    while ((order.after ?? 0) < warmUpRequests) await loadFrom(order);
  }
  // Not between the rounds: a scrape with thousands of tenants leaves work for later.
  const waitsOfAll = (): Promise<number[]> => Promise.all(running.map(({ adminPort }) => waits(adminPort)));
  const waitsBefore = await waitsOfAll();
  await sleep(2000);
  const slices: Slice[][] = [];
  for (let round = 0; round < rounds; round++) {
    const own: Slice[] = [];
    // To and fro, so that what drifts weighs on all alike.
    const turns = [...running.entries()];
    for (const [index, { gateway }] of round % 2 === 0 ? turns : turns.toReversed()) {
      const [envoyBefore, sidecarBefore] = [cpuMs(gateway.envoyPid), cpuMs(gateway.sidecarPid ?? 0)];
      const { requests, durationMs, p50Ms, p99Ms } = await loadFrom(orders[index]);
      await sleep(250);
      const envoy = (cpuMs(gateway.envoyPid) - envoyBefore) / requests;
      const sidecar = (cpuMs(gateway.sidecarPid ?? 0) - sidecarBefore) / requests;
      own[index] = {
        cpu: envoy + sidecar,
        envoy,
        sidecar,
        perSecond: (requests / durationMs) * 1000,
        p50Ms,
        p99Ms,
        requests,
      };
    }
    slices.push(own);
  }
  const waitsAfter = await waitsOfAll();
  return running.map(({ subject, gateway }, index) => {
    const of = (value: (slice: Slice) => number): number =>
      median(slices.map((own) => own[index]).flatMap((slice) => (slice === undefined ? [] : [value(slice)])));
    const requests = slices.reduce((sum, own) => sum + (own[index]?.requests ?? 0), 0);
    // Beside the same number of tenants without limits, in the same round.
    const base = index - (index % 2);
    const beside = slices.map((own) => (own[index]?.cpu ?? 0) / (own[base]?.cpu ?? 1)).toSorted((a, b) => a - b);
    const at = (share: number): string => (beside[Math.round((beside.length - 1) * share)] ?? 0).toFixed(2);
    return [
      subject.title,
      of(({ perSecond }) => perSecond).toFixed(0),
      of(({ p50Ms }) => p50Ms).toFixed(2),
      of(({ p99Ms }) => p99Ms).toFixed(2),
      of(({ envoy }) => envoy).toFixed(3),
      of(({ sidecar }) => sidecar).toFixed(3),
      index === base ? '' : `${median(beside).toFixed(3)} (${at(0.25)} to ${at(0.75)})`,
      index === base ? '' : `${((((waitsAfter[index] ?? 0) - (waitsBefore[index] ?? 0)) / requests) * 100).toFixed(2)} %`,
      rssMib(gateway.sidecarPid ?? 0).toFixed(0),
    ];
  });
}

/** How long a config takes to be read and compiled, in milliseconds: what a reload adds to the moment at which it is seen. */
function compileMs({ configFile }: Running): number {
  const startedAt = performance.now();
  loadConfig(configFile, {});
  return performance.now() - startedAt;
}

const table = (rows: readonly string[][]): string =>
  [
    '| | req/s | p50 ms | p99 ms | CPU ms per request: Envoy | sidecar | x without (middle half of the rounds) | waited for the store | sidecar MiB |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');

async function bench(): Promise<void> {
  const { binary, version } = await envoyBinary();
  const pinned = availableParallelism() > 1 && (await runCommand('taskset', ['-V']).catch(() => ({ code: 1 }))).code === 0;
  const cores = pinned ? { gateway: '0', others: `1-${cpus().length - 1}` } : { gateway: undefined, others: undefined };
  const directory = mkdtempSync(join(tmpdir(), 'remora-bench-'));
  started.push({ stop: () => rmSync(directory, { recursive: true, force: true }) });
  const child = async (script: string): Promise<Child> => {
    const one = await startChild(join(import.meta.dirname, script), [], { cores: cores.others });
    started.push(one);
    return one;
  };
  const children = { fake: await child('fake.ts'), load: await child('load.ts') };
  const { port } = children.fake.ready as { port: number };
  const running: Running[] = [];
  for (const [index, subject] of subjects.entries()) {
    const adminPort = await freePort();
    const config = await configOf(subject, { fakePort: port, adminPort });
    const gateway = await startRemora(`case-${index}`, config, { binary, directory, cores: cores.gateway }, { execArgv: profileOf(index) });
    started.push(gateway);
    running.push({ subject, gateway, adminPort, configFile: join(directory, `case-${index}`, 'remora.yaml') });
  }
  const setting = `Envoy ${version}, Node ${process.version}, ${cpus().length} cores; ${pinned ? 'gateways on one core, the rest on the others' : 'not bound to cores'}; ${clients} clients, medians of ${rounds} rounds of ${seconds} s in turns.`;
  console.log(setting);
  const parts: string[] = [setting];
  for (const workload of ['json', 'stream'] as const) {
    parts.push(
      `**${workload === 'json' ? 'JSON answers' : 'Event streams of 50 text chunks'}**\n\n${table(await measure(workload, running, children))}`,
    );
    console.log(`\n${parts.at(-1)}`);
  }
  const last = running.at(-1);
  if (last !== undefined) {
    parts.push(`A config of 1,000 tenants and 10,000 keys is read and compiled in ${(compileMs(last) / 1000).toFixed(1)} s.`);
    console.log(`\n${parts.at(-1)}`);
  }
  if (values.markdown !== undefined) writePage(values.markdown, 'bench-limits', parts);
}

try {
  await bench();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const one of started.toReversed()) await one.stop();
}
