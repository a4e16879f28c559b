import type { Problem } from '../shape.ts';
import type { Refusal } from '../vendor.ts';

const messages: Readonly<Record<number, string>> = {
  400: 'invalid request',
  401: 'invalid api token',
  404: 'There is no such thing.',
  405: 'The method is not allowed.',
  413: 'The body is too large.',
  422: 'invalid request',
  429: 'Too many requests; try again later.',
};

/** The refusal of a status: Cohere has nothing but a message (https://docs.cohere.com/reference/errors). */
export const cohereRefusal = (status: number): Refusal => ({ status, message: messages[status] ?? 'internal server error' });

/** A request that is not valid in itself. */
export const cohereFault = (message: string): Refusal => ({ status: 400, message: `invalid request: ${message}` });

/** A fault of the body's shape. A field that is not known, or of another type, is told with 422. */
export function cohereProblem({ path, fault }: Problem): Refusal {
  const field = path.filter((step) => typeof step !== 'object').join('.');
  switch (fault.kind) {
    case 'unknown':
      return { status: 422, message: `unknown field: parameter '${field}' is not a valid field.` };
    case 'missing':
      return cohereFault(`${field} is required.`);
    case 'type':
      return { status: 422, message: `invalid type: parameter ${field} is of type ${fault.got} but should be of type ${fault.expected}.` };
    case 'value':
      return cohereFault(`${field} is '${fault.got}'; valid values are ${fault.expected.join(', ')}.`);
    case 'pattern':
      return cohereFault(`${field} must match ${fault.pattern}.`);
    case 'below':
    case 'above':
      return cohereFault(
        `${field} must be ${fault.kind === 'below' ? 'at least' : 'at most'} ${fault.limit}${fault.of === 'array' ? ' in number' : ''}.`,
      );
  }
}
