import type { FilterForm } from '../envoy/names.ts';
import { attempt, type AttemptDeps } from './attempt.ts';
import type { Conversation, RequestHeaders } from './message.ts';

/** The upstream filter's conversation about one attempt, in the exchange's form. */
export function upstreamConversation(opening: RequestHeaders, form: FilterForm, deps: AttemptDeps): Conversation {
  if (form !== 'plain') throw new Error(`the form ${form} is not served`);
  return attempt(opening, deps);
}
