import { execFileSync, spawnSync, type ExecFileSyncOptions } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { readEnvironment } from '../src/config/environment.ts';
import { EnvoyError } from '../src/envoy/envoy-error.ts';
import { findEnvoy } from '../src/envoy/find.ts';
import { installRedis } from './install-redis.ts';

// What the tests need beside npm's packages, in the project's private folder. What is there already is left alone.

const folder = resolve('.remora');
const jaegerModule = 'github.com/jaegertracing/jaeger';
const jaegerVersion = '1.76.0';

await installEnvoy();
installJaeger();
say(installRedis(folder));

/** Envoy, found or installed just as `remora up` does it. */
async function installEnvoy(): Promise<void> {
  const { envoyPath, searchPath } = readEnvironment();
  const log = { info: say, warn: say };
  try {
    const found = await findEnvoy({ given: undefined, variable: envoyPath, path: searchPath.join(':'), privateDirectory: folder, log });
    say(`Envoy ${found.version}: ${found.binary}`);
  } catch (error) {
    if (error instanceof EnvoyError) fail(error.message);
    throw error;
  }
}

/** Jaeger, whose binaries no package registry has: built from its Go module. */
function installJaeger(): void {
  const binary = join(folder, `jaeger-${jaegerVersion}`, 'jaeger');
  if (existsSync(binary)) return say(`Jaeger ${jaegerVersion}: ${binary}`);
  if (!hasGo()) return say('Jaeger: not installed, since Go is missing here. Tests of traces will be skipped; install Go 1.24 or newer for them.');

  say(`Jaeger ${jaegerVersion}: building it from its Go module. The first time this takes some minutes.`);
  const workshop = mkdtempSync(join(tmpdir(), 'remora-jaeger-'));
  try {
    buildJaeger(workshop);
    mkdirSync(join(folder, `jaeger-${jaegerVersion}`), { recursive: true });
    // Beside it first, since a rename alone is atomic only within one file system.
    copyFileSync(join(workshop, 'jaeger'), `${binary}.new`);
    renameSync(`${binary}.new`, binary);
  } catch (error) {
    fail(`Jaeger could not be built: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  say(`Jaeger ${jaegerVersion}: ${binary}`);
}

/** `go install` refuses a module with replace directives, so a module of ours requires it, with the checksums that Jaeger itself is built with. */
function buildJaeger(workshop: string): void {
  const options: ExecFileSyncOptions = { cwd: workshop, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, GOFLAGS: '-mod=mod' } };
  writeFileSync(join(workshop, 'go.mod'), `module tools\n\ngo 1.24.6\n\nrequire ${jaegerModule} v${jaegerVersion}\n`);
  const answer: unknown = JSON.parse(execFileSync('go', ['mod', 'download', '-json', `${jaegerModule}@v${jaegerVersion}`], options).toString());
  const { Dir: source } = z.object({ Dir: z.string() }).parse(answer);
  writeFileSync(join(workshop, 'go.sum'), readFileSync(join(source, 'go.sum')));
  execFileSync('go', ['build', '-o', 'jaeger', `${jaegerModule}/cmd/all-in-one`], options);
}

function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

function say(line: string): void {
  console.log(`tools: ${line}`);
}

function fail(line: string): never {
  console.error(`tools: ${line}`);
  process.exit(1);
}
