import { GatewayError } from '../errors.ts';
import { Gate, type GateStats, type Refusal, type Ticket } from './gate.ts';
import { waitAt, type Clock, type Entrant } from './wait.ts';

/** Where those wait who find no room, at each gate. */
export interface QueueOptions {
  /** Most who wait at one gate. */
  max: number;
  /** Longest wait, in milliseconds. */
  waitMs: number;
  /** Most of one tenant who wait at one gate; half of all where absent. */
  maxPerTenant?: number | undefined;
}

export interface GatesOptions {
  /** Most inside, by name; a gate that is not named has no limit. */
  limits: ReadonlyMap<string, number>;
  /** Undefined: who finds no room is refused at once. */
  queue: QueueOptions | undefined;
}

type SomeGates = readonly [Gate, ...Gate[]];

/** Named gates with limits of their own. Names come from the config: nothing is kept by what a caller chooses, but for those who wait. */
export interface Gates {
  hasRoom(name: string): boolean;
  /** How many are inside. */
  inside(name: string): number;
  /**
   * Takes a place at the first of these gates that has room; where none has, waits for whichever has first.
   * Throws `too-many-requests` where it may not wait. The promise rejects with that after the longest wait, and with the signal's reason when the entrant leaves.
   */
  enterAny(names: readonly [string, ...string[]], entrant: Entrant): Ticket | Promise<Ticket>;
  /** Takes a place at once, beyond the limit where there is no room. */
  take(name: string): Ticket;
  /** Sets other limits. Who is inside stays, who waits goes on waiting, or comes in where there is room now. */
  reconfigure(options: GatesOptions): void;
  stats(name: string): GateStats;
}

/** Makes gates. `full` is a sentence for those who are refused: what is full. */
export function createGates(options: GatesOptions, clock: Clock, full: string): Gates {
  const gates = new Map<string, Gate>();
  let { limits, queue } = options;

  function gateOf(name: string): Gate {
    let gate = gates.get(name);
    if (gate === undefined) {
      gate = new Gate(name, clock.now);
      gate.setLimit(limits.get(name));
      gates.set(name, gate);
    }
    return gate;
  }

  /** What becomes of somebody for whom none of these gates has room. */
  function enterLater(at: SomeGates, entrant: Entrant): Promise<Ticket> {
    const waitMs = entrant.waitMs ?? queue?.waitMs ?? 0;
    if (queue === undefined || waitMs <= 0) throw refuse(at, 'full', full);
    const { max, maxPerTenant = Math.ceil(max / 2) } = queue;
    const open = at.filter((gate) => gate.queue.length < max && gate.queue.lengthFor(entrant.tenant) < maxPerTenant);
    if (open.length === 0) {
      if (at.every((gate) => gate.queue.length >= max)) throw refuse(at, 'queue-full', full);
      throw refuse(at, 'tenant-queue-full', 'This tenant has as many requests waiting as it may have.');
    }
    const abandoned = (): number => at[0].abandoned++;
    return waitAt(open, entrant, { waitMs, waited: () => refuse(at, 'waited', full), abandoned }, clock);
  }

  return {
    hasRoom: (name) => gateOf(name).hasRoom,
    inside: (name) => gateOf(name).inside,
    enterAny(names, entrant) {
      entrant.signal?.throwIfAborted();
      const roomy = names.find((name) => gateOf(name).hasRoom);
      if (roomy !== undefined) return gateOf(roomy).enter();
      const [first, ...others] = names;
      return enterLater([gateOf(first), ...new Set(others.filter((name) => name !== first).map(gateOf))], entrant);
    },
    take: (name) => gateOf(name).enter(),
    reconfigure(changed) {
      ({ limits, queue } = changed);
      for (const gate of gates.values()) gate.setLimit(limits.get(gate.name));
    },
    stats: (name) => gateOf(name).stats(),
  };
}

function refuse(at: SomeGates, why: Refusal, what: string): GatewayError {
  at[0].refused[why]++;
  const retryAfterSeconds = Math.min(...at.map((gate) => gate.retryAfterSeconds()));
  const seconds = retryAfterSeconds === 1 ? 'a second' : `${retryAfterSeconds} seconds`;
  return new GatewayError('too-many-requests', `${what} Try again in ${seconds}.`, { retryAfterSeconds });
}
