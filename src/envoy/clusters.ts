import { isIP } from 'node:net';
import { clusterOf, type Endpoint } from '../routing/deployment.ts';
import { envoyAddress, type LocalAddress, withoutBrackets } from './address.ts';
import { attemptFilters } from './attempt-filters.ts';
import type { ReplyTimeouts } from './ext-proc.ts';
import { clusterNames, grpcMetadataNames, refusingAddress } from './names.ts';
import { ringKey } from './sidecar-processes.ts';
import { upstreamTls } from './tls.ts';
import { type ConfigObject, duration, typed, unlimitedCircuitBreakers } from './typed.ts';

/** What all providers' clusters share. */
export interface ProviderClusterOptions {
  /** PEM file of root certificates for endpoints that name none; undefined where the system has none. */
  systemCaFile: string | undefined;
  /** Whether root certificates that endpoints name are written out, instead of the names of their files. */
  inlineRoots?: boolean;
  maxBodyBytes: number;
  timeouts: ReplyTimeouts;
}

const [refusingHost = '', refusingPort] = refusingAddress.split(':');
const refusing: LocalAddress = { host: refusingHost, port: Number(refusingPort) };

/** The cluster that reaches one provider. */
export function providerCluster(endpoint: Endpoint, { systemCaFile, inlineRoots, maxBodyBytes, timeouts }: ProviderClusterOptions): ConfigObject {
  const { baseUrl, caFile, connectTimeoutMs } = endpoint;
  const hostname = baseUrl.host; // what auto_host_rewrite sends: with the port, unless it is the scheme's own
  return {
    name: clusterOf(endpoint),
    alt_stat_name: `p_${endpoint.name}`, // statistics keep their name when the address changes
    ...byName,
    connect_timeout: duration(connectTimeoutMs),
    per_connection_buffer_limit_bytes: maxBodyBytes,
    circuit_breakers: unlimitedCircuitBreakers,
    transport_socket:
      baseUrl.protocol === 'https:'
        ? upstreamTls(baseUrl, caFile ?? systemCaFile, { inline: inlineRoots === true && caFile !== undefined })
        : undefined,
    typed_extension_protocol_options: httpOptions({
      common_http_protocol_options: { idle_timeout: duration(50_000) }, // before load balancers close theirs at 60 s: a stale connection costs an attempt
      explicit_http_config: { http_protocol_options: {} }, // HTTP/1.1: a broken connection takes one attempt with it
      http_filters: attemptFilters(timeouts),
    }),
    load_assignment: {
      cluster_name: clusterOf(endpoint),
      endpoints: [
        { lb_endpoints: [host({ host: baseUrl.hostname, port: portOf(baseUrl) }, hostname)] },
        { priority: 1, lb_endpoints: [host(refusing, hostname)] }, // a host that cannot be resolved would be no_healthy_upstream, which is not retried
      ],
    },
  };
}

/** Our own ext_proc service: one address per sidecar process. */
export function sidecarCluster(sidecars: readonly LocalAddress[], maxBodyBytes: number): ConfigObject {
  const shared = sidecars.length > 1;
  return {
    name: clusterNames.sidecar,
    ...(sidecars.some(hasName) ? byName : { type: 'STATIC' }),
    connect_timeout: duration(1000),
    lb_policy: shared ? 'RING_HASH' : 'ROUND_ROBIN',
    per_connection_buffer_limit_bytes: 2 * maxBodyBytes, // a message is a whole body and more
    circuit_breakers: unlimitedCircuitBreakers,
    // A process that is gone is noticed by its broken streams or, where it had none, by the next check, and comes back as soon; never is a request sent to one known to be gone.
    // The first request after its end is lost where neither has told: a stream that cannot be opened is not retried.
    health_checks: [
      {
        timeout: '0.5s',
        interval: shared ? '0.1s' : '0.5s',
        no_traffic_interval: shared ? '0.1s' : '0.5s',
        unhealthy_threshold: 1,
        healthy_threshold: 1,
        tcp_health_check: {},
      },
    ],
    common_lb_config: {
      healthy_panic_threshold: { value: 0 },
      update_merge_window: '0s', // by default what a check finds takes effect up to a second later, when it may be wrong again
    },
    outlier_detection: {
      split_external_local_origin_errors: true,
      consecutive_local_origin_failure: 1,
      enforcing_consecutive_local_origin_failure: 100,
      interval: '0.5s',
      base_ejection_time: '1s',
      max_ejection_percent: 90,
      enforcing_success_rate: 0,
    },
    typed_extension_protocol_options: httpOptions({
      explicit_http_config: {
        http2_protocol_options: {
          max_concurrent_streams: 0x7fffffff, // one connection holds all exchanges
          // Also the bound on what waits to be sent. Envoy crashes where a filter of an attempt meets it, so no message does.
          initial_stream_window_size: 2 * maxBodyBytes,
          initial_connection_window_size: 16 << 20,
          enable_huffman_encoding: false, // costs more than it saves on a local socket
        },
      },
      hash_policy: shared ? [{ header: { header_name: grpcMetadataNames.session } }] : undefined,
    }),
    load_assignment: {
      cluster_name: clusterNames.sidecar,
      endpoints: [
        {
          lb_endpoints: sidecars.map((address, index) => ({
            endpoint: { address: envoyAddress(address) },
            metadata: shared ? { filter_metadata: { 'envoy.lb': { hash_key: ringKey(index) } } } : undefined,
          })),
        },
      ],
    },
  };
}

/** Where a request whose chain is missing ends: a refused connection. */
export const refusingCluster: ConfigObject = {
  name: clusterNames.refusing,
  type: 'STATIC',
  connect_timeout: duration(1000),
  load_assignment: { cluster_name: clusterNames.refusing, endpoints: [{ lb_endpoints: [host(refusing)] }] },
};

/** The receiver of Envoy's spans, over OTLP/HTTP. */
export const otlpCluster = (url: URL, systemCaFile: string | undefined): ConfigObject => ({
  name: clusterNames.otlp,
  ...byName,
  connect_timeout: duration(1000),
  transport_socket: url.protocol === 'https:' ? upstreamTls(url, systemCaFile) : undefined,
  load_assignment: {
    cluster_name: clusterNames.otlp,
    endpoints: [{ lb_endpoints: [host({ host: url.hostname, port: portOf(url) }, url.host)] }],
  },
});

/** Addresses from DNS. Containers often have IPv6 addresses and no way out over them. */
const byName: ConfigObject = { type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' };

const httpProtocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const httpOptions = (fields: ConfigObject): ConfigObject => ({ [httpProtocolOptions]: typed(httpProtocolOptions, fields) });

function host(address: LocalAddress, hostname?: string): ConfigObject {
  return { endpoint: { hostname, address: envoyAddress(address) } };
}

const hasName = (address: LocalAddress): boolean => !('path' in address) && isIP(withoutBrackets(address.host)) === 0;

const portOf = ({ port, protocol }: URL): number => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
