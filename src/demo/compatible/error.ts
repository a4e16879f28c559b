import type { Refusal } from '../vendor.ts';

/** As OpenAI writes it. */
export const openAIError = ({ message, type, param, code }: Refusal): object => ({
  error: { message, type: type ?? null, param: param ?? null, code: code ?? null },
});

/** Mistral: flat; a body of the wrong shape is told as its validator has it. */
export function mistralError({ status, message, type = 'invalid_request_error', param, code }: Refusal): object {
  const flat = { object: 'error', message, type, param: null, code: code ?? null };
  if (status !== 422) return flat;
  const loc = ['body', ...(param?.split('.') ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step))];
  return { ...flat, message: { detail: [{ type: param === undefined ? 'missing' : 'extra_forbidden', loc, msg: message }] }, code: null };
}

/** xAI: the error itself is a text. */
export const xaiError = ({ message, status }: Refusal): object => ({
  code: status === 400 ? 'Client specified an invalid argument' : `Status ${status}`,
  error: message,
});

/** OpenRouter and Perplexity: the code is the status. */
export const numberedError = ({ message, status, type }: Refusal): object => ({
  error: { message, ...(type !== undefined && { type }), code: status },
});

/** OpenRouter knows no types. */
export const openRouterError = ({ message, status }: Refusal): object => numberedError({ message, status });

/** vLLM: the types are named after its classes. */
export const vllmError = ({ message, status }: Refusal): object => ({
  error: { message, type: vllmTypes[status] ?? 'InternalServerError', param: null, code: status },
});

const vllmTypes: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'Unauthorized',
  404: 'NotFoundError',
  429: 'TooManyRequestsError',
};

/** TGI: a text, and what kind it is of. */
export const tgiError = ({ message, status }: Refusal): object => ({ error: message, error_type: status < 500 ? 'validation' : 'generation' });

/** Cohere: nothing but a message. */
export const cohereError = ({ message }: Refusal): object => ({ message });
