import type { FilterForm } from '../envoy/names.ts';
import { GatewayError } from '../errors.ts';
import { attempt, furtherAttempt, openExchange, requireAttempt, type AttemptDeps } from './attempt.ts';
import { asGatewayError, refuse } from './client-error.ts';
import { guard } from './guard.ts';
import { proceed, type Conversation, type RequestHeaders } from './message.ts';
import type { OpenExchange } from './registry.ts';
import type { Watched } from './verdict.ts';
import { watch } from './watch.ts';

/** The upstream filter's conversation about one attempt, in the exchange's form. */
export function upstreamConversation(opening: RequestHeaders, form: FilterForm, deps: AttemptDeps): Conversation {
  return form === 'plain' ? attempt(opening, deps) : looking(opening, form, deps);
}

/** An attempt whose answer is looked at. The first one was written by the exchange, and stays as it is. */
async function* looking(opening: RequestHeaders, form: 'watch' | 'guard', deps: AttemptDeps): Conversation {
  const open = openExchange(opening, deps);
  try {
    const known = requireAttempt(opening, open);
    const { number, open: exchange } = known;
    if (!isWatched(exchange)) throw new GatewayError('gateway-unavailable', 'Nobody looks at the attempts of this exchange. Try again.');
    const message = yield number === 1 ? proceed : await furtherAttempt(opening, known);
    if (message.type !== 'response-headers') throw new Error(`Envoy sent ${message.type} where the answer's headers belong`);
    yield* (form === 'watch' ? watch : guard)(message, { number, exchange, now: deps.now });
  } catch (thrown) {
    const error = asGatewayError(thrown);
    deps.onError(error);
    yield refuse(error, open?.protocol);
  }
}

const isWatched = (exchange: OpenExchange): exchange is OpenExchange & Watched => exchange.watch !== undefined;
