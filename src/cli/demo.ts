import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoConfig, kindsToPlay } from '../config/demo.ts';
import type { Environment } from '../config/environment.ts';
import { readConfig } from '../config/load.ts';
import type { CompiledConfig } from '../config/reload.ts';
import { compileText } from '../config/reload-compile.ts';
import type { FakeProvider } from '../demo/server.ts';
import { startStandIn, type StandIn } from '../demo/stand-ins.ts';
import { configFile, type ConfigFile } from './config.ts';

/** A config for `up --demo`, made from people's own. */
export interface Demo extends ConfigFile {
  /** Where it is written each time it is compiled, for the sidecar to start with. */
  path: string;
  /** The virtual key that it lets in. */
  key: string;
  /** Kinds of provider that are played. */
  played(): string[];
}

export interface DemoDeps {
  environment: Environment;
  /** A folder for the config. */
  directory: string;
  /** Gets the demo providers that are started: whoever gives it stops them. */
  fakes: FakeProvider[];
}

/** Prepares a demo of a config. A demo provider is started for each kind whose key is not set, once, so changes of the config reach the demo too. */
export function createDemo(path: string, { environment, directory, fakes }: DemoDeps): Demo {
  const { variables: env } = environment;
  const file = join(directory, 'demo.yaml');
  const key = `rk-${randomBytes(32).toString('hex')}`;
  const keyHash = `sha256:${createHash('sha256').update(key).digest('hex')}`;
  const providers = new Map<string, StandIn['fields']>();

  async function play(kinds: Iterable<string>): Promise<void> {
    for (const kind of kinds) {
      const standIn = providers.has(kind) ? undefined : await startStandIn(kind);
      if (standIn === undefined) continue;
      fakes.push(standIn.fake);
      providers.set(kind, standIn.fields);
    }
  }

  async function compile(text: string | undefined): Promise<CompiledConfig> {
    const written = text ?? readConfig(path);
    await play(kindsToPlay(written, { path, env }));
    const demo = demoConfig(written, { path, env, providers, keyHash });
    const compiled = compileText(demo, { path: file, env });
    await writeFile(file, demo, { mode: 0o600 });
    return compiled;
  }

  return { look: configFile(path, environment).look, compile, path: file, key, played: () => [...providers.keys()] };
}
