import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import { endpoint as endpointOf } from '../routing/deployment.fixture.ts';
import { clusterOf, type Endpoint } from '../routing/deployment.ts';
import { gatewayDefaults } from './bootstrap.ts';
import { findInstalledEnvoy } from './find.ts';
import { createAdmin } from './admin.ts';
import { launchEnvoy, type LaunchedEnvoy, type LaunchOptions } from './launch.ts';
import type { EnvoyLogLine } from './log.ts';
import { checkAddressIsFree } from './port.ts';
import { type RunningEnvoy, startEnvoy } from './supervise.ts';

const { envoyPath: variable, searchPath } = readEnvironment();
const log = { info: () => {}, warn: () => {} };
const found = await findInstalledEnvoy({ given: undefined, variable, path: searchPath.join(':'), privateDirectory: resolve('.remora'), log });
const binary = found?.binary ?? '';

let directory: string;
let port: number;
let logged: EnvoyLogLine[];
let envoys: RunningEnvoy[];
let closers: (() => unknown)[];

beforeEach(async ({ skip }) => {
  skip(found === undefined, 'no Envoy is installed; npm run tools does it');
  directory = mkdtempSync(join(tmpdir(), 'remora-envoy-'));
  port = await freePort();
  logged = [];
  envoys = [];
  closers = [];
});

afterEach(async () => {
  for (const envoy of envoys) await envoy.kill();
  for (const close of closers) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = await listening(createServer(), 0);
  const { port: free } = server.address() as AddressInfo;
  await new Promise((closed) => {
    server.close(closed);
  });
  return free;
}

async function listening(server: Server, where: number | string): Promise<Server> {
  await once(typeof where === 'string' ? server.listen(where) : server.listen(where, '127.0.0.1'), 'listening');
  return server;
}

/** A sidecar that takes connections and says nothing, so that each request waits for Envoy's message timeout. `asked` resolves with the first request. */
async function silentSidecar(): Promise<{ path: string; asked: Promise<void> }> {
  const path = join(directory, 'extproc-0.sock');
  const asked = Promise.withResolvers<void>();
  const server = await listening(
    createServer((socket) => {
      socket.on('data', () => asked.resolve()).on('error', () => {}); // health checks send nothing
      closers.push(() => socket.destroy());
    }),
    path,
  );
  closers.push(() => server.close());
  return { path, asked: asked.promise };
}

const endpoint = (baseUrl: string, more: Partial<Endpoint> = {}): Endpoint =>
  endpointOf('openai', { baseUrl: new URL(baseUrl), connectTimeoutMs: 1000, ...more });

const options = (gateway: Partial<LaunchOptions['gateway']> = {}): LaunchOptions => ({
  binary,
  directory,
  concurrency: 1,
  onLog: (line) => void logged.push(line),
  gateway: {
    ...gatewayDefaults,
    listen: { host: '127.0.0.1', port },
    sidecars: [{ path: join(directory, 'nobody.sock') }],
    telemetry: { otlp: undefined, sampling: 1 },
    endpoints: [endpoint('http://127.0.0.1:9/v1')],
    systemCaFile: undefined,
    ...gateway,
  },
});

async function launch(gateway: Partial<LaunchOptions['gateway']> = {}): Promise<LaunchedEnvoy> {
  const envoy = await launchEnvoy(options(gateway));
  envoys.push(envoy);
  return envoy;
}

/** The answer, or how the connection ended without one. */
async function post(
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; connection: string | undefined; body: string } | string> {
  const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/v1/chat/completions', headers, agent: false });
  sent.end('{}');
  try {
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, connection: response.headers.connection, body: await text(response) };
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

const listens = async (): Promise<boolean> =>
  checkAddressIsFree({ host: '127.0.0.1', port }).then(
    () => false,
    () => true,
  );

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

describe('a started Envoy', () => {
  test('serves once it is ready, warns of nothing, and is gone after stop', async () => {
    const envoy = await launch();
    expect(await listens()).toBe(true);
    expect(logged).toEqual([]);
    await envoy.stop();
    expect(await envoy.exited).toBeUndefined();
    expect(await listens()).toBe(false);
  });

  test('answers in JSON by itself while no sidecar is there, and passes its warning on', async () => {
    await launch();
    const answer = await post();
    expect(answer).toMatchObject({ status: 503 });
    expect(JSON.parse(typeof answer === 'string' ? '' : answer.body)).toMatchObject({ type: 'error', error: { code: 'gateway-unavailable' } });
    await until(async () => logged.length > 0);
    expect(logged[0]).toMatchObject({ level: 'warn', component: 'ext_proc', message: expect.stringContaining('no healthy upstream') });
  });

  test('lets the requests under way finish before it stops, and says close to them', async () => {
    const sidecar = await silentSidecar();
    const envoy = await launch({ sidecars: [{ path: sidecar.path }], timeouts: { ...gatewayDefaults.timeouts, replyMs: 600 } });
    const answer = post();
    await sidecar.asked;
    await envoy.stop();
    expect(await answer).toMatchObject({ status: 504, connection: 'close' });
  });

  test('takes no new connections while it waits for the old ones', async () => {
    const sidecar = await silentSidecar();
    const envoy = await launch({ sidecars: [{ path: sidecar.path }], timeouts: { ...gatewayDefaults.timeouts, replyMs: 1000 } });
    const answer = post();
    await sidecar.asked;
    const stopped = envoy.stop();
    await until(async () => (await post()) === 'ECONNREFUSED');
    expect(await answer).toMatchObject({ status: 504 });
    await stopped;
  });

  test('waits for them no longer than it is told', async () => {
    const sidecar = await silentSidecar();
    const envoy = await launch({ sidecars: [{ path: sidecar.path }], timeouts: { ...gatewayDefaults.timeouts, replyMs: 30_000 } });
    const answer = post();
    await sidecar.asked;
    await envoy.stop({ drainMs: 200 });
    expect(await answer).toBe('ECONNRESET');
  });

  test('ends at once when it is killed, also while it stops', async () => {
    const sidecar = await silentSidecar();
    const envoy = await launch({ sidecars: [{ path: sidecar.path }], timeouts: { ...gatewayDefaults.timeouts, replyMs: 30_000 } });
    const answer = post();
    await sidecar.asked;
    const stopped = envoy.stop();
    await envoy.kill();
    await stopped;
    expect(await answer).toBe('ECONNRESET');
    expect(await envoy.exited).toBeUndefined();
  });

  test('that dies is an error with the reason', async () => {
    const envoy = await launch();
    process.kill(envoy.pid, 'SIGKILL');
    expect((await envoy.exited)?.message).toBe('Envoy ended by itself: signal SIGKILL, as when memory runs out, without a word.');
  });
});

describe('the clusters of a running Envoy', () => {
  const clusterNames = async (): Promise<string[]> => {
    const sent = request({ socketPath: join(directory, 'admin.sock'), path: '/clusters?format=json', agent: false }).end();
    const [response] = await once(sent, 'response');
    const { cluster_statuses: statuses } = JSON.parse(await text(response)) as { cluster_statuses: { name: string }[] };
    return statuses.map(({ name }) => name).filter((name) => name.startsWith('p_openai'));
  };
  const [before, after] = [endpoint('http://127.0.0.1:9/v1'), endpoint('http://localhost:10/v1')];

  test('are there once they are added, beside those of before, and go when they are dropped', async () => {
    const { clusters } = await launch({ endpoints: [before] });
    expect(await clusterNames()).toEqual([clusterOf(before)]);
    await clusters.add(2, [after]);
    expect((await clusterNames()).toSorted()).toEqual([before, after].map(clusterOf).toSorted());
    await clusters.drop((version) => version < 2);
    await until(async () => (await clusterNames()).length === 1);
    expect(await clusterNames()).toEqual([clusterOf(after)]);
    expect(logged).toEqual([]);
  });

  test('stay as they are when Envoy refuses new ones', async () => {
    const { clusters } = await launch({ endpoints: [before] });
    const roots = join(directory, 'roots.pem');
    writeFileSync(roots, 'nothing');
    await expect(clusters.add(2, [before, endpoint('https://127.0.0.1:9/v1', { caFile: roots })])).rejects.toThrow(/^Envoy does not accept/);
    await clusters.add(3, [before, after]);
    expect((await clusterNames()).toSorted()).toEqual([before, after].map(clusterOf).toSorted());
  });

  test('are refused by Envoy itself where nobody asked it before', async () => {
    const { clusters } = await launch({ endpoints: [before] });
    const admin = createAdmin({ path: join(directory, 'admin.sock') });
    await clusters.add(2, [before, after]);
    expect(await admin.clusterUpdates()).toMatchObject({ version: expect.stringMatching(/^[0-9a-f]{12}$/), warming: 0, rejected: 0 });
    writeFileSync(
      join(directory, 'other.json'),
      '{"version_info":"x","resources":[{"@type":"type.googleapis.com/envoy.config.cluster.v3.Cluster"}]}',
    );
    renameSync(join(directory, 'other.json'), join(directory, 'clusters.json'));
    await until(async () => (await admin.clusterUpdates()).rejected === 1);
    expect((await admin.clusterUpdates()).version).not.toBe('x');
  });
});

describe('one sentence says what to do when', () => {
  test('another program has the port', async () => {
    const other = await listening(createServer(), port);
    closers.push(() => other.close());
    await expect(launch()).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use; choose another with listen: or stop the program that has it.`);
  });

  test('another Envoy has the port, which Envoy itself would share with it', async () => {
    await launch();
    const second = mkdtempSync(join(tmpdir(), 'remora-envoy-'));
    closers.push(() => rmSync(second, { recursive: true }));
    await expect(launchEnvoy({ ...options(), directory: second })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
  });

  test('the port is taken between our look and the start of Envoy', async () => {
    await (await launch()).stop(); // writes the files
    const other = await listening(createServer(), port);
    closers.push(() => other.close());
    const bootstrapFile = join(directory, 'bootstrap.json');
    const start = startEnvoy({ ...options(), concurrency: 1, bootstrapFile, admin: { path: join(directory, 'admin.sock') } });
    await expect(start).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use; choose another with listen:`);
  });

  test('a provider names root certificates that do not exist', async () => {
    const house = endpoint('https://127.0.0.1:9', { caFile: '/nowhere/roots.pem' });
    await expect(launch({ endpoints: [house] })).rejects.toThrow(/^caFile \/nowhere\/roots.pem cannot be read; /);
  });

  test('a provider’s root certificates are none', async () => {
    const roots = join(directory, 'roots.pem');
    writeFileSync(roots, 'nothing');
    await expect(launch({ endpoints: [endpoint('https://127.0.0.1:9', { caFile: roots })] })).rejects.toThrow(
      /^Envoy does not accept .*certificate/i,
    );
  });

  test('Envoy ends before it serves', async () => {
    const stub = join(directory, 'stub');
    writeFileSync(stub, `#!/bin/sh\ncase "$*" in *validate*) exit 0;; esac\necho 'out of luck' >&2\nexit 3\n`, { mode: 0o755 });
    await expect(launchEnvoy({ ...options(), binary: stub })).rejects.toThrow('Envoy did not start: exit code 3; its last words: out of luck');
  });

  test('Envoy is not ready in time', async () => {
    const stub = join(directory, 'stub');
    writeFileSync(stub, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    const start = startEnvoy({
      ...options(),
      binary: stub,
      concurrency: 1,
      bootstrapFile: '/dev/null',
      admin: { path: join(directory, 'admin.sock') },
      readyTimeoutMs: 200,
    });
    await expect(start).rejects.toThrow(/Envoy runs but was not ready after 0.2 s/);
  });
});

test('a launch that is aborted ends, and so does its Envoy', async () => {
  const abort = new AbortController();
  const stub = join(directory, 'stub');
  writeFileSync(stub, `#!/bin/sh\ncase "$*" in *validate*) exit 0;; esac\necho $$ >&2\nexec sleep 60\n`, { mode: 0o755 });
  const launched = launchEnvoy({ ...options(), binary: stub, signal: abort.signal });
  launched.catch(() => {});
  await until(async () => logged.length > 0);
  abort.abort(new Error('enough'));
  await expect(launched).rejects.toThrow('enough');
  expect(() => process.kill(Number(logged[0]?.message), 0)).toThrow('ESRCH');
});

describe('nothing outlives the process that started Envoy', () => {
  /** Another process that launches Envoy as we do; it says when it is ready and then waits for its end. */
  async function parent(): Promise<ChildProcess> {
    const launchFile = JSON.stringify(resolve('src/envoy/launch.ts'));
    const { onLog: _, ...plain } = options({ endpoints: [] });
    const script = `import { launchEnvoy } from ${launchFile}; await launchEnvoy({ ...${JSON.stringify(plain)}, onLog() {} }); console.log('ready'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    closers.push(() => child.kill('SIGKILL'));
    if (child.stdout) await once(createInterface({ input: child.stdout }), 'line');
    return child;
  }

  test.each(['SIGKILL', 'SIGTERM'] as const)('when that is ended by %s', async (signal) => {
    const starter = await parent();
    expect(await listens()).toBe(true);
    starter.kill(signal);
    await until(async () => !(await listens()));
  });
});
