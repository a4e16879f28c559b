import { dirname } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { ReloadRefused, type NextConfig } from '../config/reload.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { createAdmin } from '../envoy/admin.ts';
import { clusterFile, gatewayDefaults } from '../envoy/bootstrap.ts';
import { createLiveClusters } from '../envoy/live-clusters.ts';
import { imageCaFile } from '../envoy/tls.ts';
import { clusterOf, endpointsByCluster } from '../routing/deployment.ts';
import type { Logger } from '../telemetry/log.ts';
import { localAddress } from './local-address.ts';
import { createRollOut, type RollOutDeps } from './roll-out.ts';
import { UserError } from './user-error.ts';

export interface ServeApplyOptions {
  /** The file of clusters that Envoy watches; undefined where its config has them. */
  clusters?: string;
  /** Envoy's admin interface. */
  envoyAdmin?: string;
}

/** Brings a changed config into force, in a sidecar that uses it from then on. Throws ReloadRefused where it cannot. */
export type ServeApply = (next: NextConfig, sidecar: RollOutDeps['sidecar']) => Promise<void>;

/** How a sidecar without `remora up` brings changed configs into force: with the file of clusters all of them, without it those that need no other cluster. */
export async function createServeApply(first: Snapshot, { clusters: file, envoyAdmin }: ServeApplyOptions, log: Logger): Promise<ServeApply> {
  if ((file === undefined) !== (envoyAdmin === undefined))
    throw new UserError('--clusters and --envoy-admin belong together: give both, or neither.');
  if (file === undefined || envoyAdmin === undefined) return withFixedClusters(first);
  const options = { ...gatewayDefaults, systemCaFile: imageCaFile, inlineRoots: true };
  const clusters = createLiveClusters({
    file,
    admin: createAdmin(localAddress(envoyAdmin, '--envoy-admin')),
    render: (endpoints) => clusterFile(endpoints, options),
  });
  await mkdir(dirname(file), { recursive: true });
  await clusters.begin(1, endpointsByCluster(first.endpoints.values()));
  const onLeftOver = (error: unknown): void => log.error({ err: error }, `old clusters stay in ${file}`);
  return (next, sidecar) => createRollOut({ clusters, sidecar, onLeftOver })(next);
}

function withFixedClusters(first: Snapshot): ServeApply {
  const served = new Set(clusterNames(first));
  return async (next, sidecar) => {
    const { snapshot } = next;
    const missing = clusterNames(snapshot).filter((name) => !served.has(name));
    if (missing.length > 0)
      throw new ReloadRefused([
        `Envoy lacks the clusters ${missing.join(', ')}: print its config again with "remora envoy", restart Envoy with it, and then Remora; or give both --clusters, and it is done for you`,
      ]);
    await sidecar.use(next);
  };
}

const clusterNames = ({ endpoints }: Snapshot): string[] => endpointsByCluster(endpoints.values()).map(clusterOf);
