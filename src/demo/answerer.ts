import { createHash } from 'node:crypto';
import { refusalDelivery } from './admission.ts';
import { composeAnswer, countPieces } from './answer.ts';
import { behaviourOfModel } from './behaviour.ts';
import type { Behaviour, RawAnswer } from './behaviour.ts';
import { toFrame } from './deliver.ts';
import type { Delivery } from './deliver.ts';
import type { ChatBody, Counts, Reply, Vendor, WireEvent } from './vendor.ts';

/** Turns requests that were let in into answers. Numbers its answers, and remembers prompts as a provider's cache does. */
export interface Answerer<Request> {
  nextRequestId(): string;
  answer(request: Request, body: Buffer, requestId: string, behaviour: Behaviour | undefined): { behaviour: Behaviour; delivery: Delivery };
}

const bytesPerToken = 4;
const maxCachedPrefixes = 1000;

export function createAnswerer<Request extends ChatBody>(vendor: Vendor<Request>, now: () => number): Answerer<Request> {
  let exchanges = 0;
  const cached = new Set<string>();

  /** A prompt reads what an earlier one wrote, as far as the longest beginning that both have; the rest of what is to be cached is written. */
  function countCache(request: Request, input: number): { cacheRead: number; cacheWrite: number } {
    if (cached.size >= maxCachedPrefixes) cached.clear();
    let cacheRead = 0;
    let longest = 0;
    for (const prefix of vendor.cachePrefixes(request)) {
      longest = Math.min(input, Math.floor(Buffer.byteLength(prefix) / bytesPerToken));
      const key = createHash('sha256').update(request.model).update(prefix).digest('base64');
      if (cached.has(key)) cacheRead = longest;
      else cached.add(key);
    }
    return { cacheRead, cacheWrite: longest - cacheRead };
  }

  function replyTo(request: Request, body: Buffer, behaviour: Behaviour): Reply<Request> {
    const number = String(exchanges).padStart(6, '0');
    const speaker = { vendor: vendor.name, toolCallId: (index: number) => `${vendor.toolCallPrefix}demo_${number}_${index}` };
    const answer = composeAnswer(vendor.prompt(request), speaker, behaviour.say);
    const input = Math.ceil(body.length / bytesPerToken);
    const counts: Counts = { input, ...countCache(request, input), output: countPieces(answer), reasoning: countPieces(answer, 'reasoning') };
    const id = `${vendor.answerPrefix}demo_${number}`;
    return { id, createdSeconds: Math.floor(now() / 1000), request, answer, counts, strangers: behaviour.strangers ?? false };
  }

  return {
    nextRequestId: () => `req_demo_${String(++exchanges).padStart(6, '0')}`,
    answer(request, body, requestId, asked) {
      const behaviour = asked ?? behaviourOfModel(request.model) ?? {};
      if (behaviour.raw) return { behaviour, delivery: rawDelivery(behaviour.raw) };
      if (behaviour.refuse) return { behaviour, delivery: refuse(vendor, behaviour.refuse, requestId) };
      const reply = replyTo(request, body, behaviour);
      const headers = vendor.responseHeaders(requestId);
      return {
        behaviour,
        delivery: request.stream ? streamed(vendor, reply, behaviour, headers) : whole(vendor, reply, behaviour, headers, requestId),
      };
    },
  };
}

/** Bytes as a test gave them. */
export function rawDelivery({ status = 200, headers = { 'content-type': 'application/json' }, chunks }: RawAnswer): Delivery {
  return { status, headers, frames: chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) };
}

function refuse<Request extends ChatBody>(
  vendor: Vendor<Request>,
  { status, headers, body }: NonNullable<Behaviour['refuse']>,
  requestId: string,
): Delivery {
  const delivery = refusalDelivery(vendor, vendor.refusalFor(status), requestId);
  if (typeof body === 'string')
    return { status, headers: { ...delivery.headers, 'content-type': 'text/html', ...headers }, frames: [Buffer.from(body)] };
  const frames = body === undefined ? delivery.frames : [Buffer.from(JSON.stringify(body))];
  return { status, headers: { ...delivery.headers, ...headers }, frames };
}

function whole<Request extends ChatBody>(
  vendor: Vendor<Request>,
  reply: Reply<Request>,
  { errorEvent }: Behaviour,
  headers: Record<string, string>,
  requestId: string,
): Delivery {
  const body = errorEvent ? vendor.errorBody(vendor.refusalFor(errorEvent.status), requestId) : vendor.json(reply);
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, frames: [Buffer.from(JSON.stringify(body))] };
}

function streamed<Request extends ChatBody>(
  vendor: Vendor<Request>,
  reply: Reply<Request>,
  { errorEvent, lineEnd = '\n' }: Behaviour,
  headers: Record<string, string>,
): Delivery {
  let events: WireEvent[] = vendor.events(reply);
  if (errorEvent) {
    const refusal = vendor.refusalFor(errorEvent.status);
    events = [...events.slice(0, errorEvent.after), vendor.errorEvent({ ...refusal, message: errorEvent.message ?? refusal.message })];
  }
  const frames = events.map((event) => toFrame(event, lineEnd));
  // A comment, and fields of the event that say nothing: both are to be passed over (HTML standard, section 9.2.6).
  if (reply.strangers) frames.unshift(Buffer.from(`: keep-alive${lineEnd}${lineEnd}id: 1${lineEnd}retry: 3000${lineEnd}${lineEnd}`));
  return { status: 200, headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }, frames };
}
