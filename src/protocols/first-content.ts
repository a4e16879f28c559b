import type { StreamEvent } from '../framing/event.ts';
import { isTextPart, type FinishReason, type ProviderFailure } from '../llm/part.ts';
import { isEcho, type LocatedPart, type Protocol } from './protocol.ts';
import type { Side } from './relay.ts';

/**
 * What an answer has to show. `wait`: nothing yet. `content`: something for the client, or a reason of the request's why there is none, such as its token limit.
 * `empty`: it is over and says nothing. `filtered`: it is over, and a filter or the model itself refused. A failure: an error in place of content, or what cannot be read.
 */
export type Found = 'wait' | 'content' | 'empty' | 'filtered' | { failure: ProviderFailure };

/** Looks for the first content of a stream. */
export interface FirstContent {
  /** `last` says that the provider has ended the stream. Never throws. Once it has found something, it finds nothing more. */
  push(chunk: Buffer, last: boolean): Found;
}

/** Looks for the first content of a provider's stream. It keeps no bytes but those of an unfinished event. */
export function createFirstContent({ protocol, framing }: Side): FirstContent {
  const parser = framing.createParser();
  const decoder = protocol.createDecoder();
  const search = createSearch();

  return {
    push(chunk, last) {
      try {
        const events: StreamEvent[] = parser.push(chunk);
        const rest = last ? parser.end() : undefined;
        if (rest !== undefined) events.push(rest);
        for (const event of events) {
          const found = search.look(decoder.push(event));
          if (found !== 'wait') return found;
        }
        return last ? search.end() : 'wait';
      } catch {
        return unreadable;
      }
    },
  };
}

/** What a JSON answer has to show. Never throws. */
export function contentOf(body: Buffer, protocol: Protocol): Exclude<Found, 'wait'> {
  try {
    const search = createSearch();
    const found = search.look(protocol.decodeAnswer(body));
    return found === 'wait' ? search.end() : found;
  } catch {
    return unreadable;
  }
}

const unreadable: Exclude<Found, 'wait'> = { failure: { status: 502, type: '', message: 'The provider answered something that cannot be read.' } };

interface Search {
  look(parts: readonly LocatedPart[]): Found;
  /** Nothing more comes. */
  end(): Exclude<Found, 'wait'>;
}

function createSearch(): Search {
  let reason: FinishReason['unified'] | undefined;

  function end(): Exclude<Found, 'wait'> {
    if (reason === undefined || reason === 'stop' || reason === 'other') return 'empty';
    return reason === 'content-filter' || reason === 'refusal' ? 'filtered' : 'content';
  }

  return {
    look(parts) {
      for (const part of parts) {
        if (isEcho(part)) continue;
        if (part.type === 'error') return { failure: part.failure };
        if (part.type === 'end') return end();
        if (part.type === 'finish') reason = part.reason.unified;
        else if (isTextPart(part) ? part.text !== '' : isContent(part)) return 'content';
      }
      return 'wait';
    },
    end,
  };
}

const isContent = ({ type }: LocatedPart): boolean =>
  type === 'tool-call' || type === 'reasoning-state' || type === 'embedding' || type === 'ranking';
