import { catalog, type ErrorCode } from '../errors.ts';
import { headerNames, ownReplyPrefix, requestIdNames } from './names.ts';
import { type ConfigObject, extension } from './typed.ts';

/**
 * A JSON body for the replies that Envoy makes by itself, for when no sidecar is there to write one in the client's protocol.
 * The shape is one that the SDKs of OpenAI and of Anthropic can both read.
 */
export const localReplies: ConfigObject = {
  mappers: [
    {
      ...reply(
        'unknown-endpoint',
        'There is no WebSocket here, and so no realtime API. Ask over HTTP, such as POST /v1/responses, with "stream": true for text as it comes.',
        'response.code_details == "upgrade_failed"',
      ),
      ...asOurError('unknown-endpoint'),
    },
    reply('body-too-large', 'The body is larger than the gateway accepts.', 'response.code == 413'),
    reply('invalid-request', 'The gateway cannot read the request (%RESPONSE_CODE_DETAILS%).', 'response.code < 500'),
    {
      // The sidecar has seen the headers of this answer and is not asked about the reply, so nobody else puts in ours.
      ...reply(
        'provider-cut',
        "The provider's answer ended before it was complete.",
        'response.code_details.startsWith("upstream_reset_after_response_started")',
      ),
      ...asOurError('provider-cut'),
    },
    reply('gateway-unavailable', 'The gateway cannot handle the request now (%RESPONSE_CODE_DETAILS%).'),
  ],
};

/** Status and headers that errors of ours have, for replies about which the sidecar is not asked. */
function asOurError(code: ErrorCode): ConfigObject {
  const headers = [['x-remora-error', code], ...requestIdNames.map((key) => [key, `%REQ(${headerNames.requestId})%`] as const)];
  return {
    status_code: catalog[code].status,
    headers_to_add: headers.map(([key, value]) => ({ header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' })),
  };
}

function reply(code: ErrorCode, message: string, ...conditions: string[]): ConfigObject {
  // The sidecar's immediate responses pass here too, and have their body already.
  const expression = [`!response.code_details.startsWith("${ownReplyPrefix}")`, ...conditions].join(' && ');
  return {
    filter: {
      extension_filter: extension('envoy.access_loggers.extension_filters.cel', 'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
        expression,
      }),
    },
    body_format_override: { json_format: { type: 'error', error: { type: 'api_error', code, message } } },
  };
}
