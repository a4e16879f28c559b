import { geminiEvents, geminiJson } from './answer.ts';
import { geminiErrorBody, geminiRefusal, violationsRefusal } from './error.ts';
import { geminiModels, isEmbeddingModel } from './models.ts';
import { cachePrefixes, toPrompt } from './prompt.ts';
import type { Dialect } from './proto-json.ts';
import type { GeminiBody, GeminiRequest } from './request.ts';
import { geminiRules } from './rules.ts';
import { readMessage } from './shape.ts';
import { behaviourOfModel } from '../behaviour.ts';
import { toFrame } from '../deliver.ts';
import { firstRefusal } from '../vendor.ts';
import type { Address, EventPlace, Gate, Refusal, Vendor, WireEvent } from '../vendor.ts';

/** The method that a path ends with, of those that write answers. */
type WritingMethod = 'generateContent' | 'streamGenerateContent';

/** The address of a method of a model, whose stream comes as the query says. */
export const toAddress = (model: string, method: WritingMethod, query: URLSearchParams): Address => ({
  model,
  stream: method === 'streamGenerateContent',
  isEventStream: query.get('alt') === 'sse',
});

/** What every gate of Google's has in common. */
const googleGate: Omit<Gate, 'checkCall'> = {
  maxBodyBytes: 100 * 1024 * 1024,
  responseHeaders: () => ({ server: 'scaffolding on HTTPServer2', 'server-timing': 'gfet4t7; dur=1', vary: 'Origin, X-Origin, Referer' }),
  refusalFor: geminiRefusal,
  errorBody: geminiErrorBody,
};

/** `generateContent` and `streamGenerateContent`, at an address of the API's own (https://ai.google.dev/api/generate-content). */
export function createGeminiEndpoint(
  dialect: Dialect,
  { match, checkCall }: Pick<Vendor<GeminiRequest>, 'match' | 'checkCall'>,
): Vendor<GeminiRequest> {
  return {
    ...googleGate,
    name: dialect,
    models: geminiModels,
    toolCallPrefix: '',
    answerPrefix: '',
    match,
    checkCall,
    read(body, models, { address }) {
      const { model = '', stream = false, isEventStream } = address;
      const message = readMessage('generate', body, dialect);
      if ('violations' in message) return { refusal: violationsRefusal(message.violations) };
      const unknown = refuseModel(model, models);
      if (unknown) return { refusal: unknown };
      // The readers have just given it this shape.
      const request: GeminiRequest = { dialect, model, stream, isEventStream: isEventStream === true, body: message.read as GeminiBody };
      const refusal = firstRefusal(geminiRules, request);
      return refusal ? { refusal } : { request };
    },
    modelOf: ({ model }) => model,
    isStream: ({ stream }) => stream,
    prompt: toPrompt,
    cachePrefixes,
    json: geminiJson,
    events: geminiEvents,
    errorEvent: (refusal) => ({ data: geminiErrorBody(refusal) }),
    frame: (event, place, { isEventStream }) => (isEventStream ? toFrame(event, place.lineEnd) : toElement(event, place)),
    streamType: ({ isEventStream }) => (isEventStream ? 'text/event-stream' : 'application/json; charset=UTF-8'),
  };
}

/** The refusal of a model that is not there, or does not write. */
export function refuseModel(model: string, models: ReadonlySet<string>): Refusal | undefined {
  if ((models.has(model) && !isEmbeddingModel(model)) || behaviourOfModel(model)) return undefined;
  return {
    ...geminiRefusal(404),
    message: `models/${model} is not found, or is not supported for generateContent. Call ListModels to see the models.`,
  };
}

/** An event as an element of the JSON array that a stream is without `alt=sse`. */
function toElement({ data }: WireEvent, { isFirst, isLast, lineEnd }: EventPlace): Uint8Array {
  return Buffer.from(`${isFirst ? '[' : `,${lineEnd}`}${JSON.stringify(data)}${isLast ? `${lineEnd}]${lineEnd}` : ''}`);
}
