import { describe, expect, test } from 'vitest';
import { clusterOf, type Endpoint } from '../routing/deployment.ts';
import { endpoint as anyEndpoint } from '../routing/deployment.fixture.ts';
import { bootstrap, clusterFile, gatewayDefaults, type GatewayOptions } from './bootstrap.ts';

const endpoint = (name: string, baseUrl: string, more: Partial<Endpoint> = {}): Endpoint => anyEndpoint(name, { baseUrl: new URL(baseUrl), ...more });

const options = (more: Partial<GatewayOptions> = {}): GatewayOptions => ({
  ...gatewayDefaults,
  listen: { host: '127.0.0.1', port: 8080 },
  sidecars: [{ path: '/run/remora/extproc-0.sock' }],
  admin: { path: '/run/remora/admin.sock' },
  systemCaFile: '/etc/ssl/certs/ca-certificates.crt',
  telemetry: { otlp: undefined, sampling: 1 },
  cors: undefined,
  endpoints: [endpoint('openai', 'https://api.openai.com/v1')],
  ...more,
});

/** Every value under a field of this name, wherever it stands. */
function valuesOf(config: unknown, field: string): unknown[] {
  if (typeof config !== 'object' || config === null) return [];
  const entries: [string, unknown][] = Object.entries(config);
  return entries.flatMap(([name, value]) => [...(name === field && value !== undefined ? [value] : []), ...valuesOf(value, field)]);
}

/** The object that has this name. */
const named = (config: unknown, name: string): unknown => {
  if (typeof config !== 'object' || config === null) return undefined;
  if ('name' in config && config.name === name) return config;
  return Object.values(config)
    .map((value) => named(value, name))
    .find((found) => found !== undefined);
};

const provider = (baseUrl: string, more: Partial<Endpoint> = {}): unknown => {
  const it = endpoint('it', baseUrl, more);
  return named(bootstrap(options({ endpoints: [it] }), 'inline'), clusterOf(it));
};

describe('a provider cluster', () => {
  test('sends the host of the base URL, with the port unless it is the usual one', () => {
    expect(valuesOf(provider('https://api.openai.com/v1'), 'hostname')).toEqual(['api.openai.com', 'api.openai.com']);
    expect(valuesOf(provider('http://vllm:8000/v1'), 'hostname')).toEqual(['vllm:8000', 'vllm:8000']);
  });

  test('connects to the port of the base URL or of its scheme, and at priority 1 to one that refuses', () => {
    expect(valuesOf(provider('https://api.openai.com/v1'), 'port_value')).toEqual([443, 1]);
    expect(valuesOf(provider('http://vllm/v1'), 'port_value')).toEqual([80, 1]);
    expect(valuesOf(provider('http://[::1]:8000'), 'socket_address')).toEqual([
      { address: '::1', port_value: 8000 },
      { address: '127.0.0.1', port_value: 1 },
    ]);
  });

  test('checks the certificate of an https address: its chain against the roots, its name against the host', () => {
    const cluster = provider('https://api.openai.com/v1');
    expect(valuesOf(cluster, 'sni')).toEqual(['api.openai.com']);
    expect(valuesOf(cluster, 'trusted_ca')).toEqual([{ filename: '/etc/ssl/certs/ca-certificates.crt' }]);
    expect(valuesOf(cluster, 'match_typed_subject_alt_names')).toEqual([[{ san_type: 'DNS', matcher: { exact: 'api.openai.com' } }]]);
  });

  test('speaks TLS up to 1.3, where Envoy would stop at 1.2', () => {
    expect(valuesOf(provider('https://api.openai.com/v1'), 'tls_maximum_protocol_version')).toEqual(['TLSv1_3']);
  });

  test('checks a certificate for an address by the address, and names none in SNI', () => {
    const cluster = provider('https://[::1]:8443');
    expect(valuesOf(cluster, 'sni')).toEqual([]);
    expect(valuesOf(cluster, 'match_typed_subject_alt_names')).toEqual([[{ san_type: 'IP_ADDRESS', matcher: { exact: '::1' } }]]);
  });

  test('trusts the roots that the provider names rather than those of the system', () => {
    expect(valuesOf(provider('https://house.internal', { caFile: '/etc/house.pem' }), 'trusted_ca')).toEqual([{ filename: '/etc/house.pem' }]);
  });

  test('is refused where nothing could check its certificate', () => {
    expect(() => bootstrap(options({ systemCaFile: undefined }), 'inline')).toThrow(/certificate of api.openai.com .*set caFile/);
  });

  test('speaks plainly to an http address', () => {
    expect(valuesOf(provider('http://vllm:8000/v1'), 'transport_socket')).toEqual([]);
  });

  test('keeps the name of its statistics where its address changes, though not its own', () => {
    const names = ['http://vllm:8000/v1', 'http://vllm-2:8000/v1'].map((url) => [
      clusterOf(endpoint('it', url)),
      valuesOf(provider(url), 'alt_stat_name')[0],
    ]);
    expect(new Set(names.map(([name]) => name)).size).toBe(2);
    expect(names.map(([, statistics]) => statistics)).toEqual(['p_it', 'p_it']);
  });

  test('asks the sidecar about an attempt in the exchange’s form alone, and ends with the codec', () => {
    const filters = valuesOf(provider('http://vllm:8000/v1'), 'http_filters').flat();
    expect(filters.map((filter) => valuesOf(filter, 'name')[0])).toEqual([
      'envoy.filters.http.match_delegate',
      'envoy.filters.http.match_delegate',
      'envoy.filters.http.match_delegate',
      'envoy.filters.http.header_mutation',
      'envoy.filters.http.upstream_codec',
    ]);
    expect(filters.slice(0, 3).map((filter) => valuesOf(filter, 'stat_prefix')[0])).toEqual(['plain', 'watch', 'guard']);
  });

  test('opens a stream from the second attempt on only where the form is plain', () => {
    const [plain, watch, guard] = valuesOf(provider('http://vllm:8000/v1'), 'http_filters').flat();
    expect(valuesOf(plain, 'header_name')).toEqual(['x-envoy-attempt-count']);
    expect(valuesOf(plain, 'value_match')).toEqual([{ exact: '1' }]);
    expect(valuesOf([watch, guard], 'header_name')).toEqual([]);
  });

  test('lets no provider speak in Envoy’s name or ours', () => {
    const removed = valuesOf(provider('http://vllm:8000/v1'), 'response_mutations').flat();
    expect(valuesOf(removed, 'prefix')).toEqual(['x-envoy-', 'x-remora-']);
  });
});

describe('the bootstrap', () => {
  test('holds no credential', () => {
    expect(JSON.stringify(bootstrap(options(), 'inline'))).not.toContain('sk-secret');
  });

  test('falls to the refusing cluster alone where a request has no chain', () => {
    expect(valuesOf(bootstrap(options(), 'inline'), 'priority_groups')).toEqual([
      [{ name: 'none', clusters: [{ cluster_name: 'p_none', weight: 1 }] }],
    ]);
  });

  test('tells the sidecar of each attempt at once, with what providers say of their limits', () => {
    const log = named(bootstrap(options(), 'inline'), 'envoy.access_loggers.http_grpc');
    expect(valuesOf(log, 'cluster_name')).toEqual(['ext_proc']);
    expect(valuesOf(log, 'buffer_size_bytes')).toEqual([0]);
    const headers = valuesOf(log, 'additional_response_headers_to_log').flat();
    expect(headers).toEqual(
      expect.arrayContaining(['x-remora-retry', 'retry-after', 'x-ratelimit-remaining-requests', 'anthropic-ratelimit-tokens-remaining']),
    );
  });

  test('gives the sidecar’s streams room for the largest message, since an attempt’s filter that must wait crashes Envoy', () => {
    const sidecar = named(bootstrap(options({ maxBodyBytes: 50 << 20 }), 'inline'), 'ext_proc');
    expect(valuesOf(sidecar, 'initial_stream_window_size')).toEqual([100 << 20]);
  });

  test('never lets go of the clients that ask the sidecar: streams may still be closing that they opened', () => {
    expect(valuesOf(bootstrap(options(), 'inline'), 'max_cached_entry_idle_duration')).toEqual(['31536000s']);
  });

  test('leaves it to each exchange which answers are followed by another attempt', () => {
    expect(valuesOf(bootstrap(options(), 'inline'), 'retry_on')).toContain('connect-failure,refused-stream,reset');
    expect(valuesOf(bootstrap(options(), 'inline'), 'retriable_status_codes')).toEqual([]);
  });

  test('tells the sidecar the parent span only where Envoy traces', () => {
    const traced = { otlp: new URL('http://localhost:4318'), sampling: 0.25 };
    const parent = /TRACE_ID/;
    expect(JSON.stringify(bootstrap(options(), 'inline'))).not.toMatch(parent);
    expect(JSON.stringify(bootstrap(options({ telemetry: traced }), 'inline'))).toMatch(parent);
    expect(valuesOf(bootstrap(options({ telemetry: traced }), 'inline'), 'random_sampling')).toEqual([{ value: 25 }]);
  });

  test('sends spans to the traces path below the base URL', () => {
    const uriFor = (otlp: string): unknown => valuesOf(bootstrap(options({ telemetry: { otlp: new URL(otlp), sampling: 1 } }), 'inline'), 'uri')[0];
    expect(uriFor('http://localhost:4318')).toBe('http://localhost:4318/v1/traces');
    expect(uriFor('https://otel.example/tenant/')).toBe('https://otel.example/tenant/v1/traces');
  });

  test('keeps the streams of one exchange at one of several sidecars', () => {
    const several = bootstrap(options({ sidecars: [{ path: '/run/a.sock' }, { path: '/run/b.sock' }] }), 'inline');
    expect(valuesOf(named(several, 'ext_proc'), 'lb_policy')).toEqual(['RING_HASH']);
    expect(valuesOf(named(several, 'ext_proc'), 'header_name')).toEqual(['x-remora-session']);
    expect(valuesOf(named(several, 'ext_proc'), 'hash_key')).toEqual(['sidecar-0', 'sidecar-1']);
    expect(valuesOf(named(bootstrap(options(), 'inline'), 'ext_proc'), 'lb_policy')).toEqual(['ROUND_ROBIN']);
  });

  test('has attempts come to the process that opened their exchange, which says so in metadata; a header would be missing in the next attempt', () => {
    const metadata = valuesOf(bootstrap(options(), 'inline'), 'initial_metadata').flat();
    const sessions = metadata.filter((each) => valuesOf(each, 'key')[0] === 'x-remora-session').map((each) => valuesOf(each, 'value')[0]);
    expect(sessions.filter((each) => each === '%DYNAMIC_METADATA(remora:session)%')).toHaveLength(3);
    expect(sessions.filter((each) => each === '%REQ(x-request-id)%')).toHaveLength(1);
  });

  test('resolves a sidecar that has a name', () => {
    const sidecar = named(bootstrap(options({ sidecars: [{ host: 'remora', port: 9000 }] }), 'inline'), 'ext_proc');
    expect(valuesOf(sidecar, 'type')).toEqual(['STRICT_DNS']);
  });

  test('leaves the providers to the watched file where there is one', () => {
    const config = bootstrap(options(), { file: '/run/remora/clusters.json', directory: '/run/remora' });
    const [openai] = options().endpoints;
    const name = openai === undefined ? '' : clusterOf(openai);
    expect(named(config, name)).toBeUndefined();
    expect(named(config, 'p_none')).toBeDefined();
    expect(named(clusterFile(options().endpoints, options()), name)).toBeDefined();
  });

  test('listens on an IP address, and on localhost as 127.0.0.1, but on no other name', () => {
    const address = (host: string): unknown =>
      valuesOf(bootstrap(options({ listen: { host, port: 8080 } }), 'inline'), 'address').flatMap((found) => valuesOf(found, 'socket_address'))[0];
    expect(address('localhost')).toEqual({ address: '127.0.0.1', port_value: 8080 });
    expect(address('::')).toEqual({ address: '::', port_value: 8080, ipv4_compat: true });
    expect(() => address('gateway.internal')).toThrow(/"gateway.internal"; give an IP address/);
  });
});
