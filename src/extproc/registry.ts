import type { Protocol } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import type { Deployment } from '../routing/deployment.ts';

/** What the attempt conversation needs of an exchange that may still be tried elsewhere. */
export interface OpenExchange {
  chain: readonly Deployment[];
  /** Writes attempt `number` (1 is the first) and notes that it is made. `parent` is the trace context of Envoy's span for it. */
  prepare(number: number, parent: string | undefined): Promise<Attempt>;
  /** The client's protocol. */
  protocol: Protocol;
}

/** Exchanges by id, from the first attempt until the answer's headers: after those Envoy makes no further attempt. */
export type Registry = Map<string, OpenExchange>;
