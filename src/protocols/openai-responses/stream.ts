import type { StreamEvent, WrittenEvent } from '../../framing/event.ts';
import { parseJson, type JsonNode } from '../../framing/json.ts';
import { replaceValue, splice } from '../../framing/splice.ts';
import { brokenEvent, clientErrorOf } from '../failure.ts';
import type { EncoderOptions, LocatedPart, StreamDecoder, StreamEncoder, TextEvent } from '../protocol.ts';
import { replaceText } from '../text-place.ts';
import { isObject } from '../untrusted.ts';
import { errorEvent } from './error.ts';
import { AnswerEvents } from './response-events.ts';
import { createAnswerState, type AnswerState } from './response-read.ts';
import { handlers } from './stream-events.ts';

/** Reads one provider stream. */
export function createDecoder(): StreamDecoder {
  const state = createAnswerState();
  return { push: (event) => decodeEvent(state, event) };
}

function decodeEvent(state: AnswerState, { name, data }: StreamEvent): LocatedPart[] {
  if (state.ended || data === '' || data.startsWith('[DONE]')) return []; // which some servers send, as they do elsewhere
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    state.ended = true;
    return [brokenEvent];
  }
  if (!isObject(event)) return [];
  // OpenAI's SDK takes an event of this name for an error, and so it does one with an error in it.
  const type = name === 'error' || isObject(event['error']) ? 'error' : event['type'];
  return handlers.get(type)?.(state, event) ?? [];
}

/** A delta like the last one of the block, without log probabilities; after an event that had the whole text, its first delta. */
export function heldTextEvent({ event, place }: TextEvent, text: string): WrittenEvent {
  const data = parseJson(Buffer.from(event.data));
  if (place.path[0] === 'delta') {
    const logprobs = data.get('logprobs');
    const edits = [replaceText(data, place, text), ...(logprobs === undefined ? [] : [replaceValue(logprobs, '[]')])];
    return { name: event.name, data: splice(data.bytes, edits).toString('utf8') };
  }
  const type = deltaType(data);
  const fields = ['item_id', 'output_index', 'content_index', 'summary_index', 'sequence_number'].flatMap((field) => {
    const value = data.get(field);
    return value === undefined ? [] : [`,${JSON.stringify(field)}:${value.text}`];
  });
  return { name: type, data: `{"type":${JSON.stringify(type)}${fields.join('')},"delta":${JSON.stringify(text)}}` };
}

/** The type of a delta of the text that an event has as a whole. */
function deltaType(event: JsonNode): string {
  const type = event.get('type')?.string() ?? '';
  const part = event.get('part')?.get('type')?.string();
  return part === undefined ? type.replace(/\.done$/, '.delta') : (partDeltas.get(part) ?? type);
}

const partDeltas = new Map([
  ['output_text', 'response.output_text.delta'],
  ['refusal', 'response.refusal.delta'],
  ['reasoning_text', 'response.reasoning_text.delta'],
  ['summary_text', 'response.reasoning_summary_text.delta'],
]);

/** Writes one client stream. */
export function createEncoder(options: EncoderOptions): StreamEncoder {
  const events = new AnswerEvents(options);
  return {
    push(part) {
      if (part.type !== 'error') return events.push(part);
      return events.fail((sequenceNumber) => [errorEvent(clientErrorOf(part.failure), sequenceNumber)]);
    },
    stop: (error) => [...events.stop(error.code), ...events.fail((sequenceNumber) => [errorEvent(error, sequenceNumber)])],
  };
}
