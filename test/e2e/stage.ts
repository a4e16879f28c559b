import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startGateway, startWorld, type ConfigData, type RunningGateway, type World } from './gateway.ts';

/** What the tests of one file share. */
export interface Stage {
  readonly world: World;
  readonly gateway: RunningGateway;
}

/** Starts the fakes and a gateway before a file's tests, clears the fakes before each, and stops everything after, whatever failed. `configure` adds to the world's config. */
export function setStage(configure: (world: World) => ConfigData = ({ config }) => config): Stage {
  let world: World | undefined;
  let gateway: RunningGateway | undefined;
  beforeAll(async () => {
    world = await startWorld();
    gateway = await startGateway(configure(world));
  });
  beforeEach(() => {
    world?.openai.clear();
    world?.anthropic.clear();
  });
  afterAll(async () => {
    await gateway?.stop();
    await world?.stop();
  });
  return {
    get world() {
      return started(world);
    },
    get gateway() {
      return started(gateway);
    },
  };
}

/** Lays further models, providers and tenants over a world's config. */
export function extended({ config }: World, more: { providers?: ConfigData; models?: ConfigData; tenants?: ConfigData }): ConfigData {
  const merged = Object.entries(more).map(([section, entries]) => [section, { ...(config[section] as ConfigData), ...entries }] as const);
  return { ...config, ...Object.fromEntries(merged) };
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it has not been started');
  return value;
}
