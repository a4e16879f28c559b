import { ReloadRefused, type NextConfig } from '../config/reload.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import type { LiveClusters } from '../envoy/live-clusters.ts';
import { endpointsByCluster } from '../routing/deployment.ts';
import type { Sidecar } from './sidecar.ts';

export interface RollOutDeps {
  clusters: Pick<LiveClusters, 'add' | 'drop'>;
  sidecar: { use(next: NextConfig): ReturnType<Sidecar['use']> };
  /** Hears that clusters which nobody uses any more could not be taken away. */
  onLeftOver(error: unknown): void;
}

/**
 * Brings configs into force where Envoy's clusters can change: first Envoy gets the new clusters, then exchanges begin to use the config,
 * and when those of before are past their attempts, the clusters go that only they used. Each step waits for the one before, so no attempt meets a missing cluster.
 */
export function createRollOut({ clusters, sidecar, onLeftOver }: RollOutDeps): (next: NextConfig) => Promise<void> {
  return async (next) => {
    const { snapshot, number } = next;
    await clusters.add(number, endpointsByCluster(snapshot.endpoints.values())).catch((error: unknown) => {
      throw error instanceof EnvoyError ? new ReloadRefused([error.message]) : error;
    });
    try {
      const { idle } = await sidecar.use(next);
      // Not waited for: the next change need not wait for long answers.
      idle.then(() => clusters.drop((version) => version < number)).catch(onLeftOver);
    } catch (error) {
      await clusters.drop((version) => version === number);
      throw error;
    }
  };
}
