import { longestHoldMs } from '../envoy/names.ts';
import type { ProviderFailure } from '../llm/part.ts';
import { contentOf, createFirstContent, type Found } from '../protocols/first-content.ts';
import type { Api } from '../providers/provider.ts';
import { proceed, requireBody, type Conversation, type Proceed, type ResponseHeaders } from './message.ts';
import { judge, judgeFound, replyFor, type WatchedAttempt } from './verdict.ts';

/** Most bytes of an answer that are held back: an answer that has shown nothing by then is let go. */
const mostHeldBytes = 256 << 10;

/**
 * What the filter `guard` says to an attempt's answer: it is held back until it has content, and Envoy makes the next attempt where it fails before that. What was held passes unchanged,
 * and the rest unseen. Silence is ended by the longest wait for an attempt.
 */
export async function* guard(message: ResponseHeaders, attempt: WatchedAttempt): Conversation {
  const look = lookFor(message, attempt);
  let reply = look.at(Buffer.alloc(0), message.endOfStream);
  let held = 0;
  let bytes = 0;
  while (reply === undefined) {
    yield { type: 'wait', forMs: longestHoldMs };
    const { body, endOfStream } = requireBody(yield { type: 'hold' });
    held++;
    bytes += body.length;
    reply = look.at(body, endOfStream) ?? (bytes > mostHeldBytes ? look.enough() : undefined);
  }
  yield { type: 'release', replies: [reply, ...Array.from({ length: held }, () => proceed)] };
}

/** Looks at an answer chunk by chunk, an empty one first. */
interface Look {
  /** The reply to the answer's headers, as soon as it is decided. */
  at(chunk: Buffer, last: boolean): Proceed | undefined;
  /** The reply where no more can be held back. */
  enough(): Proceed;
}

function lookFor({ headers }: ResponseHeaders, { number, exchange, now }: WatchedAttempt): Look {
  const status = Number(headers.get(':status'));
  const api = exchange.watch.apiOf(number);
  const judged = (failure?: ProviderFailure): Proceed => replyFor(judge(number, { status, headers, failure, now: now() }, exchange));
  if (status >= 400) {
    if (api === undefined || exchange.chain[number - 1]?.inspect !== true) return decided(judged);
    return whole((body) => judged(body.length === 0 ? undefined : api.protocol.decodeFailure(status, body, headers)), judged);
  }
  if (api === undefined) return decided(() => proceed);
  const found = (what: Exclude<Found, 'wait'>): Proceed => {
    const { verdict, status: logged } = judgeFound(number, what, { headers, now: now() }, exchange);
    return replyFor(verdict, logged);
  };
  return isStream(headers, api)
    ? firstContent(api, found)
    : whole(
        (body) => found(body.length === 0 ? 'empty' : contentOf(body, api.protocol)),
        () => proceed,
      );
}

const decided = (reply: () => Proceed): Look => ({ at: () => reply(), enough: reply });

const framingOf = ({ framing, protocol }: Api): Api['protocol']['framing'] => framing ?? protocol.framing;

/** Providers of other framings than server-sent events have other content types. */
const isStream = (headers: ResponseHeaders['headers'], api: Api): boolean =>
  headers.get('content-type')?.includes(framingOf(api).contentType) === true;

function firstContent(api: Api, reply: (found: Exclude<Found, 'wait'>) => Proceed): Look {
  const search = createFirstContent({ protocol: api.protocol, framing: framingOf(api) });
  return {
    at(chunk, last) {
      const found = search.push(chunk, last);
      return found === 'wait' ? undefined : reply(found);
    },
    enough: () => proceed,
  };
}

/** Decides once all of the body is here. */
function whole(reply: (body: Buffer) => Proceed, enough: () => Proceed): Look {
  const chunks: Buffer[] = [];
  return {
    at(chunk, last) {
      chunks.push(chunk);
      return last ? reply(Buffer.concat(chunks)) : undefined;
    },
    enough,
  };
}
