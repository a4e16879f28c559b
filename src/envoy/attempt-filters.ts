import { extProc, type ReplyTimeouts } from './ext-proc.ts';
import { headerMutation, withPrefix } from './filters.ts';
import { attributeNames, exchangeKeys, type FilterForm, headerNames, internalHeaderPrefix, longestHoldMs, metadataNamespaces } from './names.ts';
import { type ConfigObject, extension } from './typed.ts';

/** The filters of a provider's cluster, run for each attempt. Of the three that ask the sidecar an attempt meets one at most; for the usual first attempt it is none. */
export const attemptFilters = (timeouts: ReplyTimeouts): readonly ConfigObject[] => [
  skippedWhere(plain(timeouts), isFirstAttempt, hasForm('watch'), hasForm('guard')),
  skippedWhere(watch(timeouts), { not_matcher: hasForm('watch') }),
  skippedWhere(guard(timeouts), { not_matcher: hasForm('guard') }),
  atProvider,
  extension('envoy.filters.http.upstream_codec', 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'),
];

const requestAlone = {
  request_header_mode: 'SEND',
  request_body_mode: 'NONE',
  request_trailer_mode: 'SKIP',
  response_header_mode: 'SKIP',
  response_body_mode: 'NONE',
  response_trailer_mode: 'SKIP',
} as const;

const request_attributes = [attributeNames.attemptCount, attributeNames.clusterName];

/** One stream per further attempt: its headers are answered with the request for that provider. */
const plain = (timeouts: ReplyTimeouts): ConfigObject => extProc('plain', timeouts, { processing_mode: requestAlone, request_attributes });

/** Besides, the answer's headers are shown, and its body whole where the reply to them asks for it. */
const watch = (timeouts: ReplyTimeouts): ConfigObject =>
  extProc('watch', timeouts, {
    allow_mode_override: true,
    processing_mode: { ...requestAlone, response_header_mode: 'SEND' },
    request_attributes,
  });

/** Besides, the answer's headers are answered only when some of the body is here: Envoy may still make another attempt until then. The rest of the body passes unseen. */
const guard = (timeouts: ReplyTimeouts): ConfigObject =>
  extProc(
    'guard',
    { ...timeouts, longestReplyMs: longestHoldMs },
    {
      send_body_without_waiting_for_header_response: true, // mode_override is ignored with it
      processing_mode: { ...requestAlone, response_header_mode: 'SEND', response_body_mode: 'STREAMED' },
      request_attributes,
    },
  );

function skippedWhere(filter: ConfigObject, ...predicates: ConfigObject[]): ConfigObject {
  const skip = { action: extension('skip', 'envoy.extensions.filters.common.matcher.action.v3.SkipFilter') };
  return extension('envoy.filters.http.match_delegate', 'envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
    extension_config: filter,
    xds_matcher: { matcher_list: { matchers: predicates.map((predicate) => ({ predicate, on_match: skip })) } },
  });
}

/** The router filter wrote the first attempt, which saves its second stream. */
const isFirstAttempt: ConfigObject = {
  single_predicate: {
    input: extension('attempt-count', 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: headerNames.attemptCount }),
    value_match: { exact: '1' },
  },
};

/** Dynamic metadata says it rather than a header: one that is stripped for the provider in one attempt is missing in the next. */
const hasForm = (form: FilterForm): ConfigObject => ({
  single_predicate: {
    input: extension('form', 'envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput', {
      filter: metadataNamespaces.exchange,
      path: [{ key: exchangeKeys.form }],
    }),
    custom_match: extension('form', 'envoy.extensions.matching.input_matchers.metadata.v3.Metadata', { value: { string_match: { exact: form } } }),
  },
});

/**
 * What an attempt's headers must be at last: a body's length, and nothing of ours, of Envoy's or of the client's network.
 * Nor does a provider speak to Envoy or in our name: `x-envoy-ratelimited` would forbid further attempts, our own headers ask for them.
 */
const atProvider: ConfigObject = extension('envoy.filters.http.header_mutation', headerMutation, {
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
    response_mutations: ['x-envoy-', internalHeaderPrefix].map(withPrefix),
  },
});
