import type { ClientCall } from '../routing/prepare-attempt.ts';
import type { ExchangeState } from './state.ts';

/** What attempts take from the client's own request line and headers. */
export function clientCall({ opening: { headers } }: Pick<ExchangeState, 'opening'>): ClientCall {
  const path = headers.get(':path') ?? '';
  const at = path.indexOf('?');
  return { headers, query: at === -1 ? '' : path.slice(at) };
}
