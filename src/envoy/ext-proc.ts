import { clusterNames, exchangeKeys, type FilterRole, grpcMetadataNames, headerNames, metadataNamespaces } from './names.ts';
import { type ConfigObject, duration, extension } from './typed.ts';

/** Longest waits for a reply of the ext_proc service, in milliseconds. */
export interface ReplyTimeouts {
  /** Usual wait for one reply. */
  replyMs: number;
  /** How far the service may extend it (override_message_timeout): how long a request can be made to queue. */
  longestReplyMs: number;
}

// An exchange goes to any process, which then says in metadata that its attempts are to come to itself. A header that was removed for one provider is missing in the next attempt.
const session = (role: FilterRole): string =>
  role === 'router' ? `%REQ(${headerNames.requestId})%` : `%DYNAMIC_METADATA(${metadataNamespaces.exchange}:${exchangeKeys.session})%`;

/** An ext_proc filter that asks our service; `fields` say what it sends. */
export function extProc(role: FilterRole, { replyMs, longestReplyMs }: ReplyTimeouts, fields: ConfigObject): ConfigObject {
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
        { key: grpcMetadataNames.session, value: session(role) },
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
