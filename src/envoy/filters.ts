import { extProc, type ReplyTimeouts } from './ext-proc.ts';
import { attributeNames, headerNames } from './names.ts';
import { type ConfigObject, extension } from './typed.ts';

/** Type of the filter that changes headers by rule. */
export const headerMutation = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';

/** Removes all headers whose names begin so. */
export const withPrefix = (prefix: string): ConfigObject => ({ remove_on_match: { key_matcher: { prefix } } });

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
    request_attributes: [attributeNames.sourceAddress, attributeNames.peerUri, attributeNames.peerDns, attributeNames.peerSubject],
    response_attributes: [attributeNames.attemptCount, attributeNames.clusterName, attributeNames.codeDetails],
  });
