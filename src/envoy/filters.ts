import {
  attributeNames,
  clusterNames,
  exchangeKeys,
  type FilterRole,
  grpcMetadataNames,
  headerNames,
  internalHeaderPrefix,
  metadataNamespaces,
} from './names.ts';
import { type ConfigObject, duration, extension } from './typed.ts';

/** Longest waits for a reply of the ext_proc service, in milliseconds. */
export interface ReplyTimeouts {
  /** Usual wait for one reply. */
  replyMs: number;
  /** How far the service may extend it (override_message_timeout): how long a request can be made to queue. */
  longestReplyMs: number;
}

const headerMutation = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';

const withPrefix = (prefix: string): ConfigObject => ({ remove_on_match: { key_matcher: { prefix } } });

/** Removes what a client sends in the name of Envoy or of us, before anything reads it. Envoy obeys `x-envoy-max-retries` and others from private addresses. */
export const distrustClientHeaders: ConfigObject = extension(
  'envoy.http.early_header_mutation.header_mutation',
  'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  { mutations: [withPrefix('x-envoy-'), { remove: headerNames.parent }, { remove: headerNames.requestId }] },
);

/** Names Envoy's ingress span for the sidecar: the span in ext_proc's own gRPC metadata is one that is never exported. */
export const nameParentSpan: ConfigObject = extension('envoy.filters.http.header_mutation', headerMutation, {
  mutations: {
    request_mutations: [
      { append: { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD', header: { key: headerNames.parent, value: '%TRACE_ID%-%SPAN_ID%' } } },
    ],
  },
});

/** One stream per exchange: request body, first attempt and answer. */
export const routerExtProc = (timeouts: ReplyTimeouts): ConfigObject =>
  extProc('router', timeouts, {
    allow_mode_override: true,
    processing_mode: {
      request_header_mode: 'SEND',
      request_body_mode: 'BUFFERED',
      request_trailer_mode: 'SKIP',
      response_header_mode: 'SEND',
      response_body_mode: 'BUFFERED', // the reply to the response headers turns it to STREAMED or NONE
      response_trailer_mode: 'SKIP',
    },
    response_attributes: [attributeNames.attemptCount, attributeNames.clusterName, attributeNames.codeDetails],
  });

/** The filters of a provider's cluster, run for each attempt. */
export const attemptFilters = (timeouts: ReplyTimeouts): readonly ConfigObject[] => [
  exceptFirstAttempt(upstreamExtProc(timeouts)),
  toProvider,
  extension('envoy.filters.http.upstream_codec', 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'),
];

/** One stream per further attempt: its headers are answered with the request for that provider. */
const upstreamExtProc = (timeouts: ReplyTimeouts): ConfigObject =>
  extProc('upstream', timeouts, {
    processing_mode: {
      request_header_mode: 'SEND',
      request_body_mode: 'NONE',
      request_trailer_mode: 'SKIP',
      response_header_mode: 'SKIP',
      response_body_mode: 'NONE',
      response_trailer_mode: 'SKIP',
    },
    request_attributes: [attributeNames.attemptCount, attributeNames.clusterName],
  });

// A header that was removed for one provider is missing in the next attempt, so the upstream filter names the session from metadata.
const sessions: Record<FilterRole, string> = {
  router: `%REQ(${headerNames.requestId})%`,
  upstream: `%DYNAMIC_METADATA(${metadataNamespaces.exchange}:${exchangeKeys.requestId})%`,
};

function extProc(role: FilterRole, { replyMs, longestReplyMs }: ReplyTimeouts, fields: ConfigObject): ConfigObject {
  return extension(`envoy.filters.http.ext_proc/${role}`, 'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor', {
    stat_prefix: role,
    grpc_service: {
      // No timeout here: it would end the stream of a long answer.
      envoy_grpc: {
        cluster_name: clusterNames.sidecar,
        retry_policy: {
          retry_on: 'connect-failure,refused-stream,reset',
          num_retries: 3,
          retry_back_off: { base_interval: '0.01s', max_interval: '0.05s' },
        }, // else a sidecar's end fails new requests too
      },
      initial_metadata: [
        { key: grpcMetadataNames.session, value: sessions[role] },
        { key: grpcMetadataNames.filter, value: role },
      ],
    },
    failure_mode_allow: false, // true would let requests through unauthenticated and untranslated
    status_on_error: { code: 503 }, // the default 500 says that a retry is useless
    message_timeout: duration(replyMs), // the default is 200 ms
    max_message_timeout: duration(longestReplyMs), // by default a reply cannot ask for more time
    emit_client_span: false, // with graceful close they are exported twice under one id
    mutation_rules: { allow_all_routing: true, allow_envoy: true, disallow_is_error: true }, // refused mutations would vanish silently
    metadata_options: {
      forwarding_namespaces: { untyped: [metadataNamespaces.exchange] },
      receiving_namespaces: { untyped: [metadataNamespaces.exchange, metadataNamespaces.chain] },
    },
    ...fields,
  });
}

/** The router filter wrote the first attempt, which saves its second stream. */
function exceptFirstAttempt(filter: ConfigObject): ConfigObject {
  const isFirst = {
    single_predicate: {
      input: extension('attempt-count', 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: headerNames.attemptCount }),
      value_match: { exact: '1' },
    },
  };
  const skip = { action: extension('skip', 'envoy.extensions.filters.common.matcher.action.v3.SkipFilter') };
  return extension('envoy.filters.http.match_delegate', 'envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
    extension_config: filter,
    xds_matcher: { matcher_list: { matchers: [{ predicate: isFirst, on_match: skip }] } },
  });
}

/** What an attempt's headers must be at last: a body's length, and nothing of ours, of Envoy's or of the client's network. */
const toProvider: ConfigObject = extension('envoy.filters.http.header_mutation', headerMutation, {
  mutations: {
    request_mutations: [
      // CONTINUE_AND_REPLACE drops it, and some providers refuse chunked uploads.
      {
        append: {
          append_action: 'ADD_IF_ABSENT',
          header: { key: 'content-length', value: `%DYNAMIC_METADATA(${metadataNamespaces.exchange}:${exchangeKeys.contentLength})%` },
        },
      },
      ...['x-envoy-', 'x-forwarded-', internalHeaderPrefix].map(withPrefix),
      ...['traceparent', 'tracestate', 'user-agent'].map((remove) => ({ remove })),
    ],
  },
});
