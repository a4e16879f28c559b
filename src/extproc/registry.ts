import type { GatewayError } from '../errors.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import type { Api } from '../providers/provider.ts';
import type { Deployment, ErrorClass, Model } from '../routing/deployment.ts';
import type { ToldByBody } from '../routing/health/health.ts';

/** What the attempt conversation needs of an exchange that may still be tried elsewhere. */
export interface OpenExchange {
  chain: readonly Deployment[];
  /** Writes attempt `number` (1 is the first) and notes that it is made. `parent` is the trace context of Envoy's span for it. */
  prepare(number: number, parent: string | undefined): Promise<Attempt>;
  /** Takes the first deployment out, for which no attempt can be written; false where no other is left. */
  skipFirst(error: GatewayError): boolean;
  /** The client's protocol. */
  protocol: Protocol;
  /** What the forms `watch` and `guard` ask; absent where the form is `plain`. */
  watch?: WatchedExchange;
}

/** What is asked where attempts are looked at before Envoy decides about them. */
export interface WatchedExchange {
  /** How attempt `number` is spoken to. */
  apiOf(number: number): Api | undefined;
  /** Statuses after which the next deployment is tried. */
  fallbackOn: Model['fallbackOn'];
  /** A failure of a kind that only the body tells: sets the chain from `number` + 1 on and returns it whole; undefined where the kind has no chain of its own. */
  reroute(number: number, found: ErrorClass): readonly Deployment[] | undefined;
  /** The deployment of attempt `number` is not to be tried again: takes its further attempts out of the chain behind it and returns the chain whole. */
  skipRetries?(number: number): readonly Deployment[];
  /** What the body told of the deployment's state. */
  told(number: number, found: ToldByBody): void;
  /** Whether an answer without content fails the attempt. */
  needsContent: boolean;
}

/** Exchanges by id, from the first attempt until the answer's headers: after those Envoy makes no further attempt. */
export type Registry = Map<string, OpenExchange>;
