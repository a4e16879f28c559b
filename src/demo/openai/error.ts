import type { Fault, Path, Problem } from '../shape.ts';
import type { Refusal } from '../vendor.ts';

const statuses: Readonly<Record<number, { type: string; code?: string; message: string }>> = {
  400: { type: 'invalid_request_error', message: 'The request is not valid.' },
  401: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'The API key is not a valid one.' },
  402: { type: 'insufficient_quota', code: 'billing_not_active', message: 'The account has no active billing.' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory', message: 'The key may not use this.' },
  404: { type: 'invalid_request_error', message: 'There is no such thing.' },
  405: { type: 'invalid_request_error', code: 'method_not_supported', message: 'The method is not allowed.' },
  429: { type: 'requests', code: 'rate_limit_exceeded', message: 'Too many requests; try again later.' },
};

/** The refusal of a status in OpenAI's words (https://platform.openai.com/docs/guides/error-codes). */
export function openAIRefusal(status: number): Refusal {
  const known = statuses[status] ?? (status >= 500 ? { type: 'server_error', message: 'The server had an error or is overloaded.' } : statuses[400]);
  return { status, message: 'The request is not valid.', ...known };
}

/** A refusal for one parameter. */
export const openAIFault = (param: string | undefined, code: string | undefined, message: string): Refusal => ({
  ...openAIRefusal(400),
  message,
  ...(param !== undefined && { param }),
  ...(code !== undefined && { code }),
});

/** A fault of the body's shape: `param` names where, `code` what. */
export function openAIProblem({ path, fault }: Problem): Refusal {
  const param = toParam(path);
  // At the top level the API names an unknown argument in its message alone.
  if (fault.kind === 'unknown' && path.length === 1) return openAIFault(undefined, undefined, `Unknown argument in the request: ${param}`);
  const [code, sentence] = describe(fault);
  return openAIFault(param, code, `'${param}' ${sentence}`);
}

function toParam(path: Path): string {
  const steps = path.filter((step) => typeof step !== 'object');
  return steps.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function describe(fault: Fault): [code: string, sentence: string] {
  switch (fault.kind) {
    case 'missing':
      return ['missing_required_parameter', 'is required.'];
    case 'unknown':
      return ['unknown_parameter', 'is no parameter of this request.'];
    case 'type':
      return ['invalid_type', `must be ${fault.expected}, not ${fault.got}.`];
    case 'value':
      return ['invalid_value', `is '${fault.got}'; it may be ${fault.expected.map((value) => `'${value}'`).join(', ')}.`];
    case 'pattern':
      return ['invalid_value', `must match '${fault.pattern}'.`];
    case 'below':
      return [
        fault.of === 'array' || fault.of === 'string' ? `empty_${fault.of}` : `${fault.of}_below_min_value`,
        `must be at least ${fault.limit}.`,
      ];
    case 'above':
      return [
        fault.of === 'array' || fault.of === 'string' ? `${fault.of}_above_max_length` : `${fault.of}_above_max_value`,
        `must be at most ${fault.limit}.`,
      ];
  }
}
