import type { Part, ProviderFailure } from '../llm/part.ts';
import type { ClientError } from './protocol.ts';
import { isObject, itemsOf, textOf, type WireObject } from './untrusted.ts';

/** A provider's error that came in place of a JSON answer, with a status that says all is well: no SDK would see that it is none. */
export class AnswerFailure extends Error {
  readonly failure: ProviderFailure;

  constructor(failure: ProviderFailure) {
    super(failure.message);
    this.name = 'AnswerFailure';
    this.failure = failure;
  }
}

/** A provider's failure as a client of any protocol sees it. */
export const clientErrorOf = ({ status, type, message }: ProviderFailure): ClientError => ({ status, code: type, message });

/** What becomes of an event that cannot be read: the answer fails, for what it said would be missing. */
export const brokenEvent: Extract<Part, { type: 'error' }> = {
  type: 'error',
  failure: { status: 502, type: '', message: 'The provider sent an event that is not JSON.' },
};

/** Longest error message taken over from a body that is no error object, in characters; a page of HTML says enough by then. */
const maxForeignMessage = 2000;

/** A provider's error body in the shape of any vendor. Never throws: what cannot be read becomes the message. */
export function decodeFailure(status: number, body: Buffer): ProviderFailure {
  const text = body.toString('utf8').trim();
  const { type, message } = typeAndMessage(parsed(text));
  const foreign = text === '' ? `The provider answered with status ${status}.` : text.slice(0, maxForeignMessage);
  return { status, type, message: message === '' ? foreign : message };
}

/** The error of an event or an answer that came with status 200. `statuses` says which status its type would have had as an answer of its own. */
export function failureInside(answer: WireObject, statuses: ReadonlyMap<string, number>): ProviderFailure {
  const { error } = answer;
  const { type, message } = typeAndMessage(answer);
  const code = isObject(error) ? Number(error['code']) : Number.NaN;
  const status = code >= 400 && code <= 599 ? code : (statuses.get(type) ?? 502);
  return { status, type, message: message === '' ? (JSON.stringify(error) ?? 'The provider ended its answer with an error.') : message };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The most telling word and the sentence of an error, wherever a server puts them: `{error: {message, type, code}}`, `{error: "…"}`, `{type, message}`, `{detail}`. */
function typeAndMessage(body: unknown): { type: string; message: string } {
  const first = Array.isArray(body) ? (body as unknown[])[0] : body; // Gemini's compatible endpoint wraps the error in an array
  if (!isObject(first)) return { type: '', message: textOf(first) };
  const inner = first['error'];
  const error = isObject(inner) ? inner : first;
  // FastAPI servers put a sentence or a list of faults into `detail`.
  const faults = itemsOf(error['detail']).map((fault) => (isObject(fault) ? textOf(fault['msg']) : textOf(fault)));
  const message = textOf(error['message']) || textOf(inner) || textOf(error['detail']) || faults.filter((fault) => fault !== '').join('; ');
  return { type: typeIn(error), message };
}

/** OpenAI's `code` says more than its `type`, where it is no mere status; Anthropic's outer `type` says no more than that this is an error. */
function typeIn(error: WireObject): string {
  const code = textOf(error['code']);
  if (code !== '' && !/^\d+$/.test(code)) return code;
  const type = textOf(error['type']);
  return type === 'error' ? '' : type;
}
