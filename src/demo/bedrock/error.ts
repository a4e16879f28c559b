import { hasModel, needsProfile } from './models.ts';
import type { Fault, Path, Problem } from '../shape.ts';
import type { Refusal } from '../vendor.ts';

/** https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html; 405 and 413 come from AWS's edge. */
const statuses: Readonly<Record<number, { type: string; message: string }>> = {
  400: { type: 'ValidationException', message: 'The request is not valid.' },
  403: { type: 'AccessDeniedException', message: 'These credentials may not use this model.' },
  404: { type: 'ResourceNotFoundException', message: 'There is no such thing.' },
  405: { type: 'UnsupportedOperationException', message: 'This method is not taken here.' },
  408: { type: 'ModelTimeoutException', message: 'The model took too long to answer.' },
  413: { type: 'RequestEntityTooLargeException', message: 'The request is too large.' },
  424: { type: 'ModelErrorException', message: 'The model had an error.' },
  429: { type: 'ThrottlingException', message: 'Too many requests; wait before trying again.' },
  503: { type: 'ServiceUnavailableException', message: 'The service is not available just now.' },
};

/** The refusal of a status in Bedrock's words. */
export function bedrockRefusal(status: number): Refusal {
  const other =
    status >= 500
      ? { type: 'InternalServerException', message: 'The server had an error.' }
      : { type: 'ValidationException', message: 'The request is not valid.' };
  return { status, ...(statuses[status] ?? other) };
}

/** A refusal for what stands at a place in the body. */
export const bedrockFault = (where: string, message: string): Refusal => ({ ...bedrockRefusal(400), message: `${where}: ${message}` });

/** What the model behind the API says is wrong with the request. */
export const modelFault = (message: string): Refusal => ({ ...bedrockRefusal(400), message: `The model returned the following errors: ${message}` });

/** The refusal of a model that is not there, or not by this id. */
export function refuseModel(model: string, models: ReadonlySet<string>): Refusal | undefined {
  if (hasModel(models, model)) return undefined;
  if (!needsProfile(model)) return { ...bedrockRefusal(400), message: 'The provided model identifier is not a valid one.' };
  return { ...bedrockRefusal(400), message: `${model} is not to be called by its own id: use that of an inference profile that contains it.` };
}

/** A fault of the body's shape. A wrong JSON type is found before the rest of the request is looked at, and has an error type of its own. */
export function bedrockProblem({ path, fault }: Problem): Refusal {
  const refusal = bedrockFault(toPlace(path), describe(fault));
  return fault.kind === 'type' ? { ...refusal, type: 'SerializationException' } : refusal;
}

/** AWS's services name the error in this header, with an address behind the name that means nothing. */
export const bedrockErrorHeaders = ({ type = 'InternalServerException' }: Refusal): Record<string, string> => ({
  'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
});

/** An error that a stream ends with. Its name is the API's, begun with a small letter; `424` is another one within streams. */
export function exceptionName({ status, type = 'InternalServerException' }: Refusal): string {
  const name = status === 424 ? 'ModelStreamErrorException' : type;
  return name.charAt(0).toLowerCase() + name.slice(1);
}

const toPlace = (path: Path): string => path.filter((step) => typeof step !== 'object').join('.') || 'body';

function describe(fault: Fault): string {
  switch (fault.kind) {
    case 'missing':
      return 'this field is required';
    case 'unknown':
      return 'this key is not permitted';
    case 'type':
      return `expected ${fault.expected}, found ${fault.got}`;
    case 'value':
      return `'${fault.got}' is not in the set of ${fault.expected.join(', ')}`;
    case 'pattern':
      return `must satisfy the pattern ${fault.pattern}`;
    case 'below':
      return `must be at least ${fault.limit}${unit(fault.of)}`;
    case 'above':
      return `must be at most ${fault.limit}${unit(fault.of)}`;
  }
}

function unit(of: string): string {
  if (of === 'string') return ' characters long';
  return of === 'array' ? ' members long' : '';
}
