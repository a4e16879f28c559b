import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Behaviour } from './behaviour.ts';
import type { OpenRequest } from './journal.ts';
import type { WireEvent } from './vendor.ts';

/** An answer ready to be written: each frame is one event of a stream, or all of a JSON answer. */
export interface Delivery {
  status: number;
  headers: Readonly<Record<string, string>>;
  frames: readonly Uint8Array[];
}

/** Writes an event as server-sent events have it (HTML standard, section 9.2). */
export function toFrame({ event, data }: WireEvent, lineEnd = '\n'): Buffer {
  const name = event === undefined ? '' : `event: ${event}${lineEnd}`;
  return Buffer.from(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}${lineEnd}${lineEnd}`);
}

/** Writes an answer at the pace, in the pieces and up to the break that the behaviour asks for. Ends quietly when `signal` says that the client is gone. */
export async function deliver(
  response: ServerResponse,
  delivery: Delivery,
  behaviour: Behaviour,
  request: OpenRequest,
  signal: AbortSignal,
): Promise<void> {
  const { break: stop } = behaviour;
  if (behaviour.delayMs !== undefined) await setTimeout(behaviour.delayMs, undefined, { signal });
  if (stop?.after === 'nothing' && stop.how !== 'end') return breakOff(response, stop.how, request);
  request.status = delivery.status;
  if (stop === undefined && delivery.frames.length <= 1 && behaviour.writeBytes === undefined) return writeWhole(response, delivery, request);
  response.writeHead(delivery.status, delivery.headers);
  response.flushHeaders();
  const frames = stop ? framesBefore(stop.after, delivery.frames) : delivery.frames;
  for (const bytes of behaviour.writeBytes === undefined ? frames : recut(frames, behaviour.writeBytes)) {
    request.bytesWritten += bytes.length;
    if (!response.write(bytes)) await once(response, 'drain', { signal });
    // A turn of the loop makes each write a packet of its own; several in one turn would leave together.
    if (behaviour.eventDelayMs === undefined) await setImmediate();
    else await setTimeout(behaviour.eventDelayMs, undefined, { signal });
    if (signal.aborted) return;
  }
  if (stop && stop.how !== 'end') return breakOff(response, stop.how, request);
  response.end();
}

function writeWhole(response: ServerResponse, { status, headers, frames }: Delivery, request: OpenRequest): void {
  const body = frames[0] ?? new Uint8Array();
  request.bytesWritten = body.length;
  response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  response.end(body);
}

function breakOff(response: ServerResponse, how: 'stall' | 'reset' | 'close', request: OpenRequest): void {
  if (how === 'stall') return;
  request.brokenOff = true;
  if (how === 'reset') response.socket?.resetAndDestroy();
  else response.socket?.destroySoon();
}

function framesBefore(after: 'nothing' | 'headers' | number, frames: readonly Uint8Array[]): readonly Uint8Array[] {
  if (typeof after !== 'number') return [];
  const [only] = frames;
  const halves = only && frames.length === 1 ? [only.subarray(0, only.length >> 1), only.subarray(only.length >> 1)] : frames;
  return halves.slice(0, after);
}

/** The same bytes in writes of `size`, wherever that cuts. */
function* recut(frames: readonly Uint8Array[], size: number): Generator<Uint8Array> {
  const bytes = Buffer.concat(frames);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
