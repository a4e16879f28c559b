import type { Admission } from '../admission/admission.ts';
import type { Ticket } from '../admission/gate.ts';
import type { Gates } from '../admission/gates.ts';
import type { Entrant } from '../admission/wait.ts';
import type { Wait } from './message.ts';

/** A wait of the exchange: it tells Envoy to be patient, and ends when there is a place. It throws where none comes free in time, or the client leaves. */
export type Waiting = AsyncGenerator<Wait, void, unknown>;

/** The places that one exchange holds: in the gateway, and at the provider that it calls. */
export interface Admittance {
  /** Comes into the gateway; undefined where that needs no wait. Throws where it is refused. */
  enter(): Waiting | undefined;
  /** Takes a place for the first attempt at one of these providers, the first that has one; undefined where that needs no wait. Throws where it is refused. */
  enterAny(providers: readonly [string, ...string[]]): Waiting | undefined;
  /** A further attempt begins: the place at the last provider is given back, and one taken at this. It never waits. */
  move(provider: string): void;
  /** Name of the provider at which it has a place. */
  readonly provider: string | undefined;
  /** Gives all places back, those too that are still waited for. */
  release(): void;
}

export interface AdmittanceParts {
  admission: Admission;
  /** Named after the providers. */
  gates: Gates;
  entrant: Omit<Entrant, 'waitMs'>;
  /** Longest time that the exchange waits, in all. */
  waitMs: number;
  /** Milliseconds. */
  now: () => number;
}

/** Time that is left for the rest of the reply when a wait was as long as it may be, in milliseconds: what Envoy gives any reply. */
const replyMs = 5000;

/** Opens what one exchange holds; it ends with `release`. */
export function openAdmittance({ admission, gates, entrant, waitMs, now }: AdmittanceParts): Admittance {
  let inGateway: Ticket | undefined;
  let atProvider: Ticket | undefined;
  let isOver = false;
  let leftMs = waitMs;

  /** Keeps a ticket, at once or when it comes; what comes too late goes back. */
  function keep(entering: Ticket | Promise<Ticket>, take: (ticket: Ticket) => void): Waiting | undefined {
    const arrive = (ticket: Ticket): void => {
      if (isOver) ticket.release();
      else take(ticket);
    };
    if (!(entering instanceof Promise)) {
      arrive(entering);
      return undefined;
    }
    const arrival = entering.then(arrive);
    arrival.catch(() => {}); // whoever waits hears of it; after a hang-up nobody does
    return wait(arrival);
  }

  async function* wait(arrival: Promise<void>): Waiting {
    const startedAt = now();
    yield { type: 'wait', forMs: Math.ceil(leftMs) + replyMs };
    await arrival;
    leftMs = Math.max(leftMs - (now() - startedAt), 0);
  }

  return {
    enter: () =>
      keep(admission.enter({ ...entrant, waitMs: leftMs }), (ticket) => {
        inGateway = ticket;
      }),
    enterAny: (providers) =>
      keep(gates.enterAny(providers, { ...entrant, waitMs: leftMs }), (ticket) => {
        atProvider?.release();
        atProvider = ticket;
      }),
    move(provider) {
      if (isOver || atProvider?.gate === provider) return;
      atProvider?.release();
      atProvider = gates.take(provider);
    },
    get provider() {
      return atProvider?.gate;
    },
    release() {
      isOver = true;
      atProvider?.release();
      inGateway?.release();
    },
  };
}
