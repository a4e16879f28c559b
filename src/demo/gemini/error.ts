import type { Refusal } from '../vendor.ts';
import type { Violation } from './proto-json.ts';

/** A refusal with what Google says beside the message (https://google.aip.dev/193). */
export interface GoogleRefusal extends Refusal {
  details?: readonly object[];
}

/** Status words of https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto, by HTTP status. */
const statuses: Readonly<Record<number, { type: string; message: string }>> = {
  401: { type: 'UNAUTHENTICATED', message: 'The request has no valid credentials.' },
  403: { type: 'PERMISSION_DENIED', message: 'The caller may not do this.' },
  404: { type: 'NOT_FOUND', message: 'There is no such thing.' },
  409: { type: 'ABORTED', message: 'The request conflicts with another.' },
  429: { type: 'RESOURCE_EXHAUSTED', message: 'The quota is used up; try again later.' },
  499: { type: 'CANCELLED', message: 'The caller went away.' },
  501: { type: 'UNIMPLEMENTED', message: 'The operation is not supported.' },
  503: { type: 'UNAVAILABLE', message: 'The model is overloaded; try again later.' },
  504: { type: 'DEADLINE_EXCEEDED', message: 'The request took too long.' },
};

/** The refusal of a status in Google's words. */
export function geminiRefusal(status: number): Refusal {
  const other =
    status >= 500 ? { type: 'INTERNAL', message: 'The server had an error.' } : { type: 'INVALID_ARGUMENT', message: 'The request is not valid.' };
  return { status, ...(statuses[status] ?? other) };
}

/** A refusal of what the body says, where its shape is right. */
export const geminiFault = (message: string): Refusal => ({ ...geminiRefusal(400), message });

/** A refusal of what stands at a place of the request, named as in its protocol buffer. */
export const geminiFaultAt = (field: string, message: string): Refusal => geminiFault(`* GenerateContentRequest.${field}: ${message}`);

/** The refusal of a body that is not the message it should be: all violations, each on a line of its own. */
export function violationsRefusal(violations: readonly Violation[]): GoogleRefusal {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations }];
  return { ...geminiFault(violations.map(({ description }) => description).join('\n')), details };
}

/** A refusal whose reason programs can read: google.rpc.ErrorInfo. */
export function refusalWithReason(status: number, reason: string, service: string, message: string): GoogleRefusal {
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata: { service } };
  return { ...geminiRefusal(status), message, details: [info] };
}

/** A refusal as the body of a response, and as an event of a stream. */
export function geminiErrorBody(refusal: Refusal): { error: object } {
  const { status, message, type } = refusal;
  const details = 'details' in refusal ? refusal.details : detailsOf(status);
  return { error: { code: status, message, status: type, ...(details === undefined ? {} : { details }) } };
}

function detailsOf(status: number): readonly object[] | undefined {
  if (status !== 429) return undefined;
  return [
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        { quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests', quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' },
      ],
    },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '30s' },
  ];
}
