import type { Deployment, Target } from '../deployment.ts';
import type { Latency } from '../health/latency.ts';

/** What the strategies know of the deployments and of the request at hand. */
export interface OrderView {
  /** Yields numbers from 0 up to 1. */
  random: () => number;
  /** How long the answer will be, as far as can be told. */
  expectedOutputTokens: number;
  latencyOf: (deployment: Deployment) => Latency;
  /** Share of the vendor's limits that is left, 0 to 1, by the tightest of them; undefined where the vendor does not say. */
  headroomOf: (deployment: Deployment) => number | undefined;
  /** Attempts under way. */
  inFlight: (deployment: Deployment) => number;
  /** What this request may cost there, in nano-dollars; undefined where no price is known. */
  costNanos: (deployment: Deployment) => number | undefined;
}

/** Puts targets in order, the first choice first: none is lost and none is added. */
export type OrderBy = (targets: readonly Target[], view: OrderView) => Target[];
