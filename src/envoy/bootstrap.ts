import type { Endpoint } from '../routing/deployment.ts';
import { envoyAddress, type LocalAddress } from './address.ts';
import { otlpCluster, providerCluster, type ProviderClusterOptions, refusingCluster, sidecarCluster } from './clusters.ts';
import { gatewayListener, type GatewayTimeouts, type ListenerOptions } from './listener.ts';
import { tracingRuntime } from './tracing.ts';
import { type ConfigObject, duration, typed } from './typed.ts';

/** Everything that Envoy's config depends on. */
export interface GatewayOptions extends ListenerOptions, ProviderClusterOptions {
  /** Where the ext_proc service listens: one address per sidecar process. */
  sidecars: readonly LocalAddress[];
  /** Envoy's admin interface, which can stop it; undefined for none. */
  admin: LocalAddress | undefined;
  endpoints: readonly Endpoint[];
  timeouts: GatewayTimeouts;
  /** Bound on clients' connections. */
  maxConnections: number;
  /** Bound on Envoy's heap, and so on all buffered bodies together; requests are refused shortly below it. */
  maxHeapBytes: number;
}

/** Values for what a config does not say. */
export const gatewayDefaults = {
  cors: undefined,
  maxBodyBytes: 32 << 20,
  maxConnections: 10_000,
  maxHeapBytes: 2 * 2 ** 30,
  timeouts: { requestMs: 300_000, headersMs: 600_000, streamIdleMs: 900_000, replyMs: 5000, longestReplyMs: 60_000 },
} as const satisfies Partial<GatewayOptions>;

/** Where the clusters of providers come from: written into the bootstrap, or watched in a file of `clusterFile`. */
export type ClusterSource = 'inline' | { file: string; directory: string };

/** Envoy's bootstrap. */
export function bootstrap(options: GatewayOptions, clusters: ClusterSource): ConfigObject {
  const { admin, sidecars, endpoints, telemetry, maxBodyBytes, systemCaFile } = options;
  return {
    node: { id: 'remora', cluster: 'remora' },
    admin: admin && adminInterface(admin),
    layered_runtime: { layers: [{ name: 'static', static_layer: { ...runtime, ...(telemetry.otlp && tracingRuntime) } }] },
    overload_manager: overloadManager(options),
    // By default an ext_proc client that nobody has used for 50 s is let go of, while streams that it opened are still closing (see `runtime`): Envoy crashes.
    // So does every exchange that takes longer with no other beside it. There is one client for each filter and worker, so none needs to go.
    grpc_async_client_manager_config: { max_cached_entry_idle_duration: duration(365 * 24 * 3_600_000) },
    dynamic_resources: clusters === 'inline' ? undefined : { cds_config: watchedFile(clusters) },
    static_resources: {
      listeners: [gatewayListener(options)],
      clusters: [
        sidecarCluster(sidecars, maxBodyBytes),
        refusingCluster,
        ...(telemetry.otlp ? [otlpCluster(telemetry.otlp, systemCaFile)] : []),
        ...(clusters === 'inline' ? endpoints.map((endpoint) => providerCluster(endpoint, options)) : []),
      ],
    },
  };
}

/** The watched file of providers' clusters: a DiscoveryResponse of Envoy's cluster discovery service. */
export const clusterFile = (endpoints: readonly Endpoint[], options: ProviderClusterOptions): ConfigObject => ({
  resources: endpoints.map((endpoint) => typed('envoy.config.cluster.v3.Cluster', providerCluster(endpoint, options))),
});

/** Without it Envoy resets every ext_proc stream, and Node's HTTP/2 closes a connection with too many resets: about 1 % of requests fail under load. */
const runtime: ConfigObject = { 'envoy.reloadable_features.ext_proc_graceful_grpc_close': true };

const adminInterface = (address: LocalAddress): ConfigObject => ({
  address: 'path' in address ? { pipe: { path: address.path, mode: 0o600 } } : envoyAddress(address),
  ignore_global_conn_limit: true, // a full gateway can still be asked and stopped
});

const watchedFile = ({ file, directory }: { file: string; directory: string }): ConfigObject => ({
  path_config_source: { path: file, watched_directory: { path: directory } }, // Envoy sees the rename, never half a file
  resource_api_version: 'V3',
});

/** Bodies times exchanges are unbounded otherwise. */
const overloadManager = ({ maxConnections, maxHeapBytes }: GatewayOptions): ConfigObject => ({
  refresh_interval: '0.25s',
  resource_monitors: [
    monitor('global_downstream_max_connections', 'downstream_connections.v3.DownstreamConnectionsConfig', {
      max_active_downstream_connections: maxConnections,
    }),
    monitor('fixed_heap', 'fixed_heap.v3.FixedHeapConfig', { max_heap_size_bytes: maxHeapBytes }),
  ],
  actions: [heapAction('shrink_heap', 0.9), heapAction('stop_accepting_requests', 0.95)],
});

const monitor = (name: string, type: string, fields: ConfigObject): ConfigObject => ({
  name: `envoy.resource_monitors.${name}`,
  typed_config: typed(`envoy.extensions.resource_monitors.${type}`, fields),
});

const heapAction = (name: string, value: number): ConfigObject => ({
  name: `envoy.overload_actions.${name}`,
  triggers: [{ name: 'envoy.resource_monitors.fixed_heap', threshold: { value } }],
});
