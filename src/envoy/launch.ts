import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bootstrap, clusterFile, type GatewayOptions } from './bootstrap.ts';
import { writeWatchedFile } from './cds.ts';
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

/**
 * Writes Envoy's config, has Envoy check it, starts Envoy, and waits until it serves.
 * @throws EnvoyError, one sentence that says what to do.
 */
export async function launchEnvoy({ binary, gateway, directory, concurrency, onLog, signal }: LaunchOptions): Promise<RunningEnvoy> {
  const admin = { path: join(directory, 'admin.sock') };
  const options: GatewayOptions = { ...gateway, admin };
  const clusters = join(directory, 'clusters.json');
  const bootstrapFile = join(directory, 'bootstrap.json');
  const checkedFile = join(directory, 'checked.json'); // Envoy's check does not read the file of clusters, so it gets them inline

  await checkAddressIsFree(options.listen);
  await writeFile(checkedFile, JSON.stringify(bootstrap(options, 'inline')));
  await validateConfig(binary, checkedFile);
  await writeWatchedFile(clusters, clusterFile(options.endpoints, options));
  await writeFile(bootstrapFile, JSON.stringify(bootstrap(options, { file: clusters, directory })));
  signal?.throwIfAborted();
  return startEnvoy({ binary, bootstrapFile, admin, concurrency, onLog, signal });
}
