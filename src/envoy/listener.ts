import type { Address } from '../config/snapshot.ts';
import { listenAddress } from './address.ts';
import { attemptLog } from './attempt-log.ts';
import type { ReplyTimeouts } from './ext-proc.ts';
import { distrustClientHeaders, nameParentSpan, routerExtProc } from './filters.ts';
import { corsFilter, corsPolicy, type CorsOptions } from './cors.ts';
import { localReplies } from './local-reply.ts';
import { clusterNames, metadataNamespaces } from './names.ts';
import { tracing } from './tracing.ts';
import { type ConfigObject, duration, extension, typed } from './typed.ts';

/** Prefix of the gateway's HTTP statistics: `http.gateway.*`. */
export const statPrefix = 'gateway';

/** Longest waits of the gateway, in milliseconds. */
export interface GatewayTimeouts extends ReplyTimeouts {
  /** A request's arrival, its body included. */
  requestMs: number;
  /** The response headers of an attempt whose request names no wait of its own. A JSON answer's headers come only when all of it is made. */
  headersMs: number;
  /** A stream on which nothing moves. */
  streamIdleMs: number;
}

/** What clients connect to. */
export interface ListenerOptions {
  listen: Address;
  telemetry: { otlp: URL | undefined; sampling: number };
  /** Callers in browsers; undefined for none. */
  cors: CorsOptions | undefined;
  maxBodyBytes: number;
  timeouts: GatewayTimeouts;
}

/** The gateway's one listener: clients' HTTP in, one route to the clusters that the chain names. */
export const gatewayListener = ({ listen, telemetry, cors, maxBodyBytes, timeouts }: ListenerOptions): ConfigObject => ({
  name: 'gateway',
  address: listenAddress(listen),
  per_connection_buffer_limit_bytes: maxBodyBytes, // above 1 MiB, the default, a buffered body is a 413
  filter_chains: [{ filters: [connectionManager({ telemetry, cors, maxBodyBytes, timeouts })] }],
});

const connectionManager = ({ telemetry, cors, maxBodyBytes, timeouts }: Omit<ListenerOptions, 'listen'>): ConfigObject =>
  extension('envoy.filters.network.http_connection_manager', 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: statPrefix,
    use_remote_address: true, // the connection's address, not what x-forwarded-for says
    forward_client_cert_details: 'ALWAYS_FORWARD_ONLY', // the sidecar believes x-forwarded-client-cert only from the proxies that the config names
    normalize_path: true,
    merge_slashes: true, // base URLs that end in a slash
    max_request_headers_kb: 64,
    request_headers_timeout: duration(10_000), // clients that send a byte at a time hold a connection
    request_timeout: duration(timeouts.requestMs),
    stream_idle_timeout: duration(timeouts.streamIdleMs), // the default of 5 minutes cuts JSON answers of reasoning models
    early_header_mutation_extensions: [distrustClientHeaders],
    generate_request_id: true,
    request_id_extension: { typed_config: typed('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', { pack_trace_reason: true }) }, // how the sidecar knows what is sampled
    tracing: tracing(telemetry),
    local_reply_config: localReplies,
    http_filters: [
      ...(cors === undefined ? [] : [corsFilter]),
      ...(telemetry.otlp === undefined ? [] : [nameParentSpan]),
      routerExtProc(timeouts),
      router,
    ],
    route_config: {
      name: 'gateway',
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          typed_per_filter_config: cors && corsPolicy(cors),
          include_request_attempt_count: true, // the upstream filter is skipped by it
          request_body_buffer_limit: maxBodyBytes, // a retry needs the whole body
          routes: [{ match: { prefix: '/' }, route: byChain(timeouts) }],
        },
      ],
    },
  });

const router: ConfigObject = extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {
  suppress_envoy_headers: true,
  upstream_log: [attemptLog],
});

/** Attempt k goes to group k of the chain in the exchange's metadata. */
const byChain = ({ headersMs }: GatewayTimeouts): ConfigObject => ({
  inline_cluster_specifier_plugin: {
    extension: extension(
      'envoy.router.cluster_specifier_plugin.priority_group',
      'envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier',
      {
        override_metadata_namespace: metadataNamespaces.chain,
        // A chain that is missing or unreadable falls to this list: a real provider here would get another one's credential.
        priority_groups: [{ name: 'none', clusters: [{ cluster_name: clusterNames.refusing, weight: 1 }] }],
      },
    ),
  },
  auto_host_rewrite: true,
  timeout: '0s', // the default of 15 s ends most answers
  retry_policy: {
    retry_on: 'connect-failure,refused-stream,reset', // each exchange adds in x-envoy-retry-on which answers are to be followed by another attempt
    num_retries: 0, // each exchange brings its chain's length in x-envoy-max-retries
    per_try_timeout: duration(headersMs),
    refresh_cluster_on_retry: true, // else every attempt goes to the first group
    retry_back_off: { base_interval: '0.005s', max_interval: '0.05s' }, // applies to fallbacks as well
  },
});
