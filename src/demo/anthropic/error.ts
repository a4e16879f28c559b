import type { ErrorType } from '@anthropic-ai/sdk/resources/shared';
import type { Fault, Path, Problem } from '../shape.ts';
import type { Refusal } from '../vendor.ts';

/** https://platform.claude.com/docs/en/api/errors; `request_too_large` comes from the vendor's edge, and the SDK has no type for it. */
const statuses: Readonly<Record<number, { type: ErrorType | 'request_too_large'; message: string }>> = {
  401: { type: 'authentication_error', message: 'The API key is not a valid one.' },
  402: { type: 'billing_error', message: 'There is a problem with the billing of this account.' },
  403: { type: 'permission_error', message: 'The key may not use this.' },
  404: { type: 'not_found_error', message: 'There is no such thing.' },
  409: { type: 'conflict_error', message: 'The request conflicts with another.' },
  413: { type: 'request_too_large', message: 'The request is too large.' },
  429: { type: 'rate_limit_error', message: 'Too many requests; try again later.' },
  504: { type: 'timeout_error', message: 'The request took too long.' },
  529: { type: 'overloaded_error', message: 'Overloaded' },
};

/** The refusal of a status in Anthropic's words. */
export function anthropicRefusal(status: number): Refusal {
  const other =
    status >= 500
      ? { type: 'api_error', message: 'The server had an error.' }
      : { type: 'invalid_request_error', message: 'The request is not valid.' };
  return { status, ...(statuses[status] ?? other) };
}

/** A refusal for what stands at a place in the body. */
export const anthropicFault = (where: string, message: string): Refusal => ({ ...anthropicRefusal(400), message: `${where}: ${message}` });

/** A fault of the body's shape. The message starts with the place: keys, indexes and variants, joined by dots. */
export const anthropicProblem = ({ path, fault }: Problem): Refusal => anthropicFault(toPlace(path), describe(fault));

const toPlace = (path: Path): string => path.map((step) => (typeof step === 'object' ? step.variant : String(step))).join('.') || 'body';

function describe(fault: Fault): string {
  switch (fault.kind) {
    case 'missing':
      return 'this field is required';
    case 'unknown':
      return 'no such field is permitted';
    case 'type':
      return `must be ${fault.expected}, not ${fault.got}`;
    case 'value':
      return `is '${fault.got}', which is none of ${fault.expected.map((value) => `'${value}'`).join(', ')}`;
    case 'pattern':
      return `must match '${fault.pattern}'`;
    case 'below':
      return `must be at least ${fault.limit}${unit(fault.of)}`;
    case 'above':
      return `must be at most ${fault.limit}${unit(fault.of)}`;
  }
}

function unit(of: string): string {
  if (of === 'string') return ' characters';
  return of === 'array' ? ' items' : '';
}
