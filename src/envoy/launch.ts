import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAdmin } from './admin.ts';
import { bootstrap, clusterFile, type GatewayOptions } from './bootstrap.ts';
import { createLiveClusters, type LiveClusters } from './live-clusters.ts';
import type { EnvoyLogLine } from './log.ts';
import { checkAddressIsFree } from './port.ts';
import { type RunningEnvoy, startEnvoy } from './supervise.ts';
import { validateConfig } from './validate.ts';

/** What `up` gives to have Envoy running. */
export interface LaunchOptions {
  binary: string;
  /** What Envoy is to serve. Its sidecars must listen already: Envoy counts a sidecar that it cannot reach as unhealthy for half a second. */
  gateway: Omit<GatewayOptions, 'admin'>;
  /** Folder of this run for files and Envoy's admin socket. */
  directory: string;
  /** Worker threads; undefined for one per core. */
  concurrency?: number | undefined;
  onLog(line: EnvoyLogLine): void;
  /** Ends the launch, and the Envoy that is starting. */
  signal?: AbortSignal | undefined;
}

/** An Envoy that serves, and whose providers can change. */
export interface LaunchedEnvoy extends RunningEnvoy {
  /** Those that it was launched with are version 1. */
  clusters: LiveClusters;
}

/**
 * Writes Envoy's config, has Envoy check it, starts Envoy, and waits until it serves.
 * @throws EnvoyError, one sentence that says what to do.
 */
export async function launchEnvoy({ binary, gateway, directory, concurrency, onLog, signal }: LaunchOptions): Promise<LaunchedEnvoy> {
  const admin = { path: join(directory, 'admin.sock') };
  const options: GatewayOptions = { ...gateway, admin, inlineRoots: true };
  const file = join(directory, 'clusters.json');
  const bootstrapFile = join(directory, 'bootstrap.json');
  const check = async (endpoints: GatewayOptions['endpoints']): Promise<void> => {
    const checkedFile = join(directory, 'checked.json'); // Envoy's check does not read the file of clusters, so it gets them inline
    await writeFile(checkedFile, JSON.stringify(bootstrap({ ...options, endpoints }, 'inline')));
    await validateConfig(binary, checkedFile);
  };
  const clusters = createLiveClusters({ file, admin: createAdmin(admin), render: (endpoints) => clusterFile(endpoints, options), check });

  await checkAddressIsFree(options.listen);
  await check(options.endpoints);
  await clusters.begin(1, options.endpoints);
  await writeFile(bootstrapFile, JSON.stringify(bootstrap(options, { file, directory })));
  signal?.throwIfAborted();
  return { ...(await startEnvoy({ binary, bootstrapFile, admin, concurrency, onLog, signal })), clusters };
}
