/** Names that Envoy's config and the ext_proc service agree on. Each stands here once. */

/** Namespaces of Envoy's dynamic metadata. */
export const metadataNamespaces = {
  /** What one exchange tells its own attempts: `exchangeKeys`. */
  exchange: 'remora',
  /** The chain of clusters, under `chainKey`, where the route's priority_group specifier looks for it. */
  chain: 'remora.chain',
} as const;

/** Keys in the namespace `exchange`, written by the router filter's replies. */
export const exchangeKeys = {
  /** Id of the exchange; how the upstream filter's conversation finds it. */
  exchangeId: 'exchange_id',
  /** Bytes of the attempt's body, a number; restores the content-length header that CONTINUE_AND_REPLACE drops. Left out where there is no body. */
  contentLength: 'content_length',
  /** Brings an attempt's stream to the sidecar process that holds its exchange: the process's own `sessionOf`. */
  session: 'session',
  /** A `FilterForm`: what the upstream filter sees of the exchange's attempts. Absent is `plain`. */
  form: 'form',
} as const;

/**
 * What the upstream filter does in an exchange's attempts.
 * `plain`: writes the requests of further attempts. `watch`: besides, it may read a whole answer before Envoy decides whether another attempt follows.
 * `guard`: besides, it holds each stream back until its first content.
 */
export const filterForms = ['plain', 'watch', 'guard'] as const;
export type FilterForm = (typeof filterForms)[number];

/** Key in the namespace `chain`: a list of `{name, clusters: [{cluster_name, weight}]}`, one group per attempt. */
export const chainKey = 'priority_groups';

/** Longest time that a stream is held back for its first content, in milliseconds; the wait for each attempt ends it, which is shorter. */
export const longestHoldMs = 900_000;

/** Clusters that are not a provider's; those are named by `clusterOf` of routing. */
export const clusterNames = {
  /** Our own ext_proc service. */
  sidecar: 'ext_proc',
  /** Refuses every connection: where a request without a chain ends. */
  refusing: 'p_none',
  /** The receiver of Envoy's spans. */
  otlp: 'otlp',
} as const;

/** Where nothing listens. The second address of each provider: Envoy comes here where its name cannot be resolved, is refused, and makes the next attempt. */
export const refusingAddress = '127.0.0.1:1';

/** Prefix of our request headers: those of clients to us, such as `x-remora-strict`, and those inside Envoy. No provider sees them. */
export const internalHeaderPrefix = 'x-remora-';

/** Request headers that Envoy and the ext_proc service read from each other. */
export const headerNames = {
  /** `<trace id>-<span id>` of Envoy's ingress span, in hex; absent where Envoy does not trace. */
  parent: 'x-remora-parent',
  /** Envoy's own id of the request, never the client's; its 15th character is the sampling decision. */
  requestId: 'x-request-id',
  /** Which attempt this is, from 1; only in the upstream filter. */
  attemptCount: 'x-envoy-attempt-count',
  /** Written by us: the further attempts that the chain has. */
  maxRetries: 'x-envoy-max-retries',
  /** Written by us: longest wait of each attempt for the response headers, in milliseconds. */
  perTryTimeoutMs: 'x-envoy-upstream-rq-per-try-timeout-ms',
  /** Written by us: longest time for the whole answer, all attempts together, in milliseconds. */
  totalTimeoutMs: 'x-envoy-upstream-rq-timeout-ms',
  /** Written by us: the kinds of failure that lead to a further attempt. */
  retryOn: 'x-envoy-retry-on',
  /** Written by us: statuses that lead to a further attempt. */
  retriableStatuses: 'x-envoy-retriable-status-codes',
  /** Written by us: response headers that lead to a further attempt, whatever the status. */
  retriableHeaders: 'x-envoy-retriable-header-names',
} as const;

/** Response header by which the upstream filter asks for a further attempt in the forms `watch` and `guard`: the statuses do not decide there. Its value says why. */
export const retryHeader = 'x-remora-retry';

/** Response headers that carry the request's id: ours, and those that the SDKs of OpenAI and of Anthropic show. */
export const requestIdNames = ['x-remora-request-id', 'x-request-id', 'request-id'] as const;

/** gRPC metadata of each ext_proc stream. */
export const grpcMetadataNames = {
  /** Which filter opened the stream: a `FilterRole`. */
  filter: 'x-remora-filter',
  /** Chooses the sidecar process: the same for all streams of one exchange. */
  session: 'x-remora-session',
} as const;

/** The filter that opened an ext_proc stream: `router` for the exchange, the others for an attempt, by the exchange's form. */
export type FilterRole = 'router' | FilterForm;

/** Attributes that the filters send. */
export const attributeNames = {
  attemptCount: 'upstream.request_attempt_count',
  clusterName: 'xds.cluster_name',
  codeDetails: 'response.code_details',
  /** The other end of the client's connection, such as `192.0.2.7:49152`. */
  sourceAddress: 'source.address',
  /** Names of the client's certificate, which Envoy has verified: its first URI SAN, its first DNS SAN, its subject. Absent without one. */
  peerUri: 'connection.uri_san_peer_certificate',
  peerDns: 'connection.dns_san_peer_certificate',
  peerSubject: 'connection.subject_peer_certificate',
} as const;

/** What `details` of our immediate responses must begin with: Envoy's own replies get a JSON body, ours keep theirs. */
export const ownReplyPrefix = 'remora';
