import { createHash } from 'node:crypto';
import type { Admitted } from './admission.ts';
import { composeAnswer, countPieces } from './answer.ts';
import { behaviourOfModel } from './behaviour.ts';
import type { Behaviour, RawAnswer } from './behaviour.ts';
import { toFrame } from './deliver.ts';
import type { Delivery } from './deliver.ts';
import type { Counts, Gate, Refusal, Reply, Vendor, WireEvent } from './vendor.ts';

/** Turns requests that were let in into answers. Numbers its answers, and remembers prompts as a provider's cache does. */
export interface Answerer {
  nextRequestId(): string;
  answer(admitted: Admitted, body: Buffer, requestId: string, behaviour: Behaviour | undefined): { behaviour: Behaviour; delivery: Delivery };
}

const bytesPerToken = 4;
const maxCachedPrefixes = 1000;

/** Tokens that the fakes count for a body or a prompt of so many bytes. */
export const tokensOfBytes = (bytes: number): number => Math.ceil(bytes / bytesPerToken);

export function createAnswerer(now: () => number): Answerer {
  let exchanges = 0;
  const cached = new Set<string>();

  /** A prompt reads what an earlier one wrote, as far as the longest beginning that both have; the rest of what is to be cached is written. */
  function countCache(vendor: Vendor<unknown>, request: unknown, input: number): { cacheRead: number; cacheWrite: number } {
    if (cached.size >= maxCachedPrefixes) cached.clear();
    let cacheRead = 0;
    let longest = 0;
    for (const prefix of vendor.cachePrefixes(request)) {
      longest = Math.min(input, Math.floor(Buffer.byteLength(prefix) / bytesPerToken));
      const key = createHash('sha256').update(vendor.name).update(vendor.modelOf(request)).update(prefix).digest('base64');
      if (cached.has(key)) cacheRead = longest;
      else cached.add(key);
    }
    return { cacheRead, cacheWrite: longest - cacheRead };
  }

  function replyTo(vendor: Vendor<unknown>, request: unknown, body: Buffer, behaviour: Behaviour): Reply<unknown> {
    const number = String(exchanges).padStart(6, '0');
    const speaker = { vendor: vendor.name, toolCallId: (index: number) => `${vendor.toolCallPrefix}demo_${number}_${index}` };
    const answer = composeAnswer(vendor.prompt(request), speaker, behaviour.say);
    const input = tokensOfBytes(body.length);
    const cache = countCache(vendor, request, input);
    const counts: Counts = { input, ...cache, output: countPieces(answer), reasoning: countPieces(answer, 'reasoning') };
    const id = `${vendor.answerPrefix}demo_${number}`;
    return { id, createdSeconds: Math.floor(now() / 1000), request, answer, counts, strangers: behaviour.strangers ?? false };
  }

  return {
    nextRequestId: () => `req_demo_${String(++exchanges).padStart(6, '0')}`,
    answer(admitted, body, requestId, asked) {
      const gate = 'vendor' in admitted ? admitted.vendor : admitted.gate;
      const model = 'vendor' in admitted ? admitted.vendor.modelOf(admitted.request) : admitted.model;
      const behaviour = asked ?? (model === undefined ? undefined : behaviourOfModel(model)) ?? {};
      if (behaviour.raw) return { behaviour, delivery: rawDelivery(behaviour.raw) };
      if (behaviour.refuse) return { behaviour, delivery: refuse(gate, behaviour.refuse, requestId) };
      if (!('vendor' in admitted)) return { behaviour, delivery: plainDelivery(admitted, requestId) };
      const { vendor, request } = admitted;
      const reply = replyTo(vendor, request, body, behaviour);
      return {
        behaviour,
        delivery: vendor.isStream(request) ? streamed(vendor, reply, behaviour, requestId) : whole(vendor, reply, behaviour, requestId),
      };
    },
  };
}

/** Bytes as a test gave them. */
export function rawDelivery({ status = 200, headers = { 'content-type': 'application/json' }, chunks }: RawAnswer): Delivery {
  return { status, headers, frames: chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) };
}

/** A refusal as the vendor writes it. */
export function refusalDelivery(gate: Gate, refusal: Refusal, requestId: string): Delivery {
  return {
    status: refusal.status,
    headers: { ...gate.responseHeaders(requestId), 'content-type': 'application/json', ...gate.errorHeaders?.(refusal), ...refusal.headers },
    frames: [Buffer.from(JSON.stringify(gate.errorBody(refusal, requestId)))],
  };
}

function refuse(gate: Gate, { status, headers, body }: NonNullable<Behaviour['refuse']>, requestId: string): Delivery {
  const delivery = refusalDelivery(gate, gate.refusalFor(status), requestId);
  if (typeof body === 'string')
    return { status, headers: { ...delivery.headers, 'content-type': 'text/html', ...headers }, frames: [Buffer.from(body)] };
  const frames = body === undefined ? delivery.frames : [Buffer.from(JSON.stringify(body))];
  return { status, headers: { ...delivery.headers, ...headers }, frames };
}

function plainDelivery({ gate, answer }: Extract<Admitted, { gate: Gate }>, requestId: string): Delivery {
  const bytes = 'bytes' in answer ? answer.bytes : Buffer.from(JSON.stringify(answer.json));
  const headers = { ...gate.responseHeaders(requestId), 'content-type': 'application/json', ...answer.headers };
  return { status: answer.status ?? 200, headers, frames: [bytes] };
}

function whole(vendor: Vendor<unknown>, reply: Reply<unknown>, { errorEvent }: Behaviour, requestId: string): Delivery {
  const body = errorEvent ? vendor.errorBody(vendor.refusalFor(errorEvent.status), requestId) : vendor.json(reply);
  const headers = { ...vendor.responseHeaders(requestId), 'content-type': 'application/json' };
  return { status: 200, headers, frames: [Buffer.from(JSON.stringify(body))] };
}

function streamed(vendor: Vendor<unknown>, reply: Reply<unknown>, { errorEvent, lineEnd = '\n' }: Behaviour, requestId: string): Delivery {
  let events: WireEvent[] = vendor.events(reply);
  if (errorEvent) {
    const refusal = vendor.refusalFor(errorEvent.status);
    const before = events.slice(0, errorEvent.after);
    const last = vendor.errorEvent({ ...refusal, message: errorEvent.message ?? refusal.message }, before.length);
    events = [...before, { ...last, isError: true }];
  }
  const frames = events.map((event, index) => {
    const place = { isFirst: index === 0, isLast: index === events.length - 1, lineEnd };
    return vendor.frame ? vendor.frame(event, place, reply.request) : toFrame(event, lineEnd);
  });
  const type = vendor.streamType?.(reply.request) ?? 'text/event-stream; charset=utf-8';
  // A comment, and fields of the event that say nothing: both are to be passed over (HTML standard, section 9.2.6).
  if (reply.strangers && type.startsWith('text/event-stream'))
    frames.unshift(Buffer.from(`: keep-alive${lineEnd}${lineEnd}id: 1${lineEnd}retry: 3000${lineEnd}${lineEnd}`));
  return { status: 200, headers: { ...vendor.responseHeaders(requestId), 'content-type': type, 'cache-control': 'no-cache' }, frames };
}
