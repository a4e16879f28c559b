import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission } from '../admission/admission.ts';
import type { Ticket } from '../admission/gate.ts';
import type { Gates } from '../admission/gates.ts';
import type { Entrant } from '../admission/wait.ts';
import type { Wait } from './message.ts';
import type { ExchangeState } from './state.ts';

/** A wait of the exchange: it tells Envoy to be patient, and ends when there is a place. It throws where none comes free in time, or the client leaves. */
export type Waiting = AsyncGenerator<Wait, void, unknown>;

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

/** The places that one exchange holds: in the gateway, and at the provider that it calls. */
export class Admittance {
  readonly #parts: AdmittanceParts;
  #leftMs: number;
  #inGateway: Ticket | undefined;
  #atProvider: Ticket | undefined;
  #isOver = false;

  constructor(parts: AdmittanceParts) {
    this.#parts = parts;
    this.#leftMs = parts.waitMs;
  }

  /** Name of the provider at which it has a place. */
  get provider(): string | undefined {
    return this.#atProvider?.gate;
  }

  /** Comes into the gateway; undefined where that needs no wait. Throws where it is refused. */
  enter(): Waiting | undefined {
    const { admission } = this.#parts;
    return this.#keep(admission.enter(this.#entrant), (ticket) => {
      this.#inGateway = ticket;
    });
  }

  /** Takes a place for the first attempt at one of these providers, the first that has one; undefined where that needs no wait. Throws where it is refused. */
  enterAny(providers: readonly [string, ...string[]]): Waiting | undefined {
    const { gates } = this.#parts;
    return this.#keep(gates.enterAny(providers, this.#entrant), (ticket) => {
      this.#atProvider?.release();
      this.#atProvider = ticket;
    });
  }

  /** A further attempt begins: the place at the last provider is given back, and one taken at this. It never waits. */
  move(provider: string): void {
    if (this.#isOver || this.provider === provider) return;
    this.#atProvider?.release();
    this.#atProvider = this.#parts.gates.take(provider);
  }

  /** Gives all places back, those too that are still waited for. */
  release(): void {
    this.#isOver = true;
    this.#atProvider?.release();
    this.#inGateway?.release();
  }

  get #entrant(): Entrant {
    return { ...this.#parts.entrant, waitMs: this.#leftMs };
  }

  /** Keeps a ticket, at once or when it comes; what comes too late goes back. */
  #keep(entering: Ticket | Promise<Ticket>, take: (ticket: Ticket) => void): Waiting | undefined {
    const arrive = (ticket: Ticket): void => {
      if (this.#isOver) ticket.release();
      else take(ticket);
    };
    if (!(entering instanceof Promise)) {
      arrive(entering);
      return undefined;
    }
    const arrival = entering.then(arrive);
    arrival.catch(() => {}); // whoever waits hears of it; after a hang-up nobody does
    return this.#wait(arrival);
  }

  async *#wait(arrival: Promise<void>): Waiting {
    const { now } = this.#parts;
    const startedAt = now();
    yield { type: 'wait', forMs: Math.ceil(this.#leftMs) + replyMs };
    await arrival;
    this.#leftMs = Math.max(this.#leftMs - (now() - startedAt), 0);
  }
}

/** A wait of so many milliseconds. It throws where the client leaves. */
export async function* pause(forMs: number, signal: AbortSignal): Waiting {
  yield { type: 'wait', forMs: Math.ceil(forMs) + replyMs };
  await sleep(forMs, undefined, { signal });
}

/** A wait for a place, as a stage of its own: time in a queue is the gateway's, and must not look like the provider's. */
export async function* queued(waiting: Waiting, { trace }: Pick<ExchangeState, 'trace'>): Waiting {
  const over = Promise.withResolvers<void>();
  const stage = trace.stage('queue', () => over.promise);
  try {
    yield* waiting;
  } finally {
    over.resolve();
    await stage;
  }
}
