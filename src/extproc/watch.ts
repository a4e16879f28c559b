import { contentOf } from '../protocols/first-content.ts';
import { requireBody, type Conversation, type Headers, type Proceed, type ResponseHeaders } from './message.ts';
import { judge, judgeFound, replyFor, type WatchedAttempt } from './verdict.ts';

/** Longest error body that is read, and longest JSON answer that is looked through for content, in bytes, where the provider says how long they are: what is longer is no known error, and not empty. */
const longestRead = { error: 1 << 20, answer: 8 << 20 } as const;

const readWhole: Proceed = { type: 'proceed', requestBody: 'none', responseBody: 'buffered' };

/** What the filter `watch` says to an attempt's answer: errors, and JSON answers that must have content, are read whole before Envoy hears of their headers. */
export async function* watch({ headers, endOfStream }: ResponseHeaders, { number, exchange, now }: WatchedAttempt): Conversation {
  const status = Number(headers.get(':status'));
  const api = exchange.watch.apiOf(number);
  const decided = (failure?: Parameters<typeof judge>[1]['failure']): Proceed =>
    replyFor(judge(number, { status, headers, failure, now: now() }, exchange));

  if (status >= 400) {
    const isRead = !endOfStream && api !== undefined && exchange.chain[number - 1]?.inspect === true && !isLonger(headers, longestRead.error);
    if (!isRead) {
      yield decided();
      return;
    }
    const { body } = requireBody(yield readWhole);
    yield decided(api.protocol.decodeFailure(status, body, headers));
    return;
  }
  // What is no JSON cannot be the answer that was asked for, and is read as such.
  const isRead = exchange.watch.needsContent && api !== undefined && !isLonger(headers, longestRead.answer);
  if (!isRead) {
    yield { type: 'proceed' };
    return;
  }
  const found = endOfStream ? 'empty' : contentOf(requireBody(yield readWhole).body, api.protocol);
  const { verdict, status: logged } = judgeFound(number, found, { headers, now: now() }, exchange);
  yield replyFor(verdict, logged);
}

const isLonger = (headers: Headers, bytes: number): boolean => Number(headers.get('content-length') ?? 0) > bytes;
