import type { GateStats, Ticket } from './gate.ts';
import { createGates, type GatesOptions, type QueueOptions } from './gates.ts';
import type { Clock, Entrant } from './wait.ts';

export interface AdmissionOptions {
  /** Most requests under way at once; undefined for no limit. */
  maxConcurrent: number | undefined;
  /** Undefined: a request that finds no room is refused at once. */
  queue: QueueOptions | undefined;
}

/** The gate through which every request comes in. */
export interface Admission {
  /** As `enterAny` of `Gates`: throws, or rejects, where the request is refused. */
  enter(entrant: Entrant): Ticket | Promise<Ticket>;
  /** Sets another limit. Who is inside stays, and who waits goes on waiting. */
  reconfigure(options: AdmissionOptions): void;
  stats(): GateStats;
}

const gateName = 'gateway';

/** Makes the gate that bounds how many requests the gateway has under way at once. */
export function createAdmission(options: AdmissionOptions, clock: Clock): Admission {
  const gates = createGates(gatesOptions(options), clock, 'The gateway has as many requests under way as its config allows.');
  return {
    enter: (entrant) => gates.enterAny([gateName], entrant),
    reconfigure: (changed) => gates.reconfigure(gatesOptions(changed)),
    stats: () => gates.stats(gateName),
  };
}

const gatesOptions = ({ maxConcurrent, queue }: AdmissionOptions): GatesOptions => ({
  limits: new Map(maxConcurrent === undefined ? [] : [[gateName, maxConcurrent]]),
  queue,
});
