import { chainKey, clusterNames, metadataNamespaces } from '../envoy/names.ts';
import { clusterOf, type Deployment } from '../routing/deployment.ts';
import type { DynamicMetadata } from './message.ts';

/**
 * The chain as Envoy's `priority_group` cluster specifier reads it: attempt k goes to group k. Each group names its cluster itself: one given by name alone would silently fall
 * to a static group. Beyond the last group Envoy repeats it, so where more `attempts` may be made than the chain has, the last one refuses.
 */
export function chainMetadata(chain: readonly Deployment[], attempts = chain.length): DynamicMetadata {
  const clusters = chain.map(({ endpoint }) => clusterOf(endpoint));
  if (attempts > chain.length) clusters.push(clusterNames.refusing);
  return {
    [metadataNamespaces.chain]: {
      [chainKey]: clusters.map((cluster, index) => ({ name: String(index + 1), clusters: [{ cluster_name: cluster, weight: 1 }] })),
    },
  };
}
