import { ReloadRefused } from '../config/reload.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Sidecar, StartSidecarOptions } from './sidecar.ts';
import type { SentConfig } from './sidecar-messages.ts';
import { UserError } from './user-error.ts';

/** The sidecar processes of this host, kept running. */
export interface Sidecars {
  /** Resolves when one ends again and again, with an error that says so. */
  readonly gaveUp: Promise<Error>;
  /** Those that serve now, in their order. */
  alive(): readonly RunningSidecar[];
  /** Has all use another config, or none. Else as `Sidecar.use`. */
  use(config: SentConfig): Promise<{ idle: Promise<unknown> }>;
  /** Tells all of them. */
  tell: Sidecar['tell'];
  /** Ends all of them, as `Sidecar.stop`. */
  stop(graceMs?: number): Promise<void>;
}

/** One life of a process: another object after each start. */
export interface RunningSidecar extends Pick<Sidecar, 'metrics'> {
  /** From 0. */
  readonly index: number;
}

export interface SidecarsOptions {
  count: number;
  /** The config to begin with. */
  first: SentConfig;
  /** Starts a process. Throws UserError where it does not serve. */
  start(index: number, how: Pick<StartSidecarOptions, 'first' | 'onHandOver'>): Promise<Sidecar>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Waits so many milliseconds, or until the signal. */
  wait(milliseconds: number, signal: AbortSignal): Promise<unknown>;
}

/** A process that ends so often within `deathsWithinMs` will not get better. */
const maxDeaths = 5;
const deathsWithinMs = 60_000;

/** Wait before a process is started again, in milliseconds; doubled with each end within `deathsWithinMs`. */
const firstWaitMs = 100;

/**
 * Starts sidecar processes and keeps them running: one that ends by itself is started again with the config in force. Each gets from the others what became of its attempts.
 * Throws UserError where one cannot be started.
 */
export async function startSidecars(options: SidecarsOptions): Promise<Sidecars> {
  const sidecars = new SupervisedSidecars(options);
  await sidecars.begin();
  return sidecars;
}

interface Member extends RunningSidecar {
  sidecar: Sidecar;
}

class SupervisedSidecars implements Sidecars {
  readonly #options: SidecarsOptions;
  readonly #members = new Map<number, Member>();
  readonly #gaveUp = Promise.withResolvers<Error>();
  readonly #stopping = new AbortController();
  #inForce: SentConfig;
  /** Starts and changes of the config come one after the other: no process misses one. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SidecarsOptions) {
    this.#options = options;
    this.#inForce = options.first;
  }

  get gaveUp(): Promise<Error> {
    return this.#gaveUp.promise;
  }

  /** The first one alone: what is wrong is said once, and what all share is set up by one. */
  async begin(): Promise<void> {
    const { count } = this.#options;
    try {
      await this.#start(0);
      const others = await Promise.allSettled(Array.from({ length: count - 1 }, (_, index) => this.#start(index + 1)));
      for (const other of others) if (other.status === 'rejected') throw other.reason;
    } catch (error) {
      await this.stop();
      throw error;
    }
    for (const { index } of this.#members.values()) void this.#keep(index);
  }

  alive(): readonly RunningSidecar[] {
    return [...this.#members.values()].toSorted((one, other) => one.index - other.index);
  }

  use(config: SentConfig): Promise<{ idle: Promise<unknown> }> {
    return this.#inTurn(async () => {
      const [first, ...others] = this.#members.values();
      if (first === undefined) return this.#used(config, []); // those that are being started begin with it
      const answers = [await tryToUse(first, config)];
      if (!(answers[0] instanceof ReloadRefused)) answers.push(...(await Promise.all(others.map((other) => tryToUse(other, config)))));
      const refused = answers.find((answer) => answer instanceof ReloadRefused);
      const users = answers.filter((answer): answer is User => !(answer instanceof ReloadRefused));
      if (refused === undefined) return this.#used(config, users);
      await Promise.all(users.map(({ member }) => tryToUse(member, this.#inForce)));
      throw refused;
    });
  }

  #used({ data, hash, number }: SentConfig, users: readonly User[]): { idle: Promise<unknown> } {
    this.#inForce = { data, hash, number }; // nothing else of it can be sent
    return { idle: Promise.all(users.map(({ idle }) => idle)) };
  }

  tell: Sidecar['tell'] = (message) => {
    for (const { sidecar } of this.#members.values()) sidecar.tell(message);
  };

  async stop(graceMs?: number): Promise<void> {
    this.#stopping.abort();
    await this.#last; // one that is being started
    await Promise.all([...this.#members.values()].map(({ sidecar }) => sidecar.stop(graceMs)));
    this.#members.clear();
  }

  async #start(index: number): Promise<Member> {
    const { start } = this.#options;
    const onHandOver = (batch: string, count: number): void => this.#handOver(index, batch, count);
    const sidecar = await start(index, { first: this.#inForce, onHandOver });
    const member = { index, sidecar, metrics: sidecar.metrics };
    this.#members.set(index, member);
    return member;
  }

  #handOver(from: number, batch: string, count: number): void {
    for (const { index, sidecar } of this.#members.values())
      if (index !== from && !sidecar.hand(batch)) this.#members.get(from)?.sidecar.tell({ type: 'not-handed', count });
  }

  /** Starts a process again whenever it ends, until all are stopped or it has ended too often. */
  async #keep(index: number): Promise<void> {
    const { now, wait, log } = this.#options;
    const { signal } = this.#stopping;
    const deaths: number[] = [];
    for (;;) {
      const how = await this.#nextDeath(index);
      this.#members.delete(index);
      if (signal.aborted) return;
      deaths.push(now());
      while ((deaths[0] ?? 0) <= now() - deathsWithinMs) deaths.shift();
      if (deaths.length >= maxDeaths) {
        const again = `${deaths.length} times within a minute (${how} at last)`;
        this.#gaveUp.resolve(new UserError(`${this.#nameOf(index)} has ended by itself ${again}; its log above says why. Start Remora again.`));
        return;
      }
      log.warn(`${this.#nameOf(index)} has ended by itself (${how}) and is started again`);
      await wait(firstWaitMs * 2 ** (deaths.length - 1), signal);
      if (signal.aborted) return;
      await this.#inTurn(() => (signal.aborted ? undefined : this.#start(index))).catch((error: unknown) => log.error(describe(error)));
    }
  }

  /** How the process ends, or that it did not even start. */
  async #nextDeath(index: number): Promise<string> {
    return this.#members.get(index)?.sidecar.exited ?? 'it did not start';
  }

  #nameOf(index: number): string {
    return this.#options.count === 1 ? 'The sidecar' : `Sidecar process ${index}`;
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** A process that uses a new config. */
interface User {
  member: Member;
  idle: Promise<unknown>;
}

async function tryToUse(member: Member, config: SentConfig): Promise<User | ReloadRefused> {
  try {
    return { member, idle: (await member.sidecar.use(config)).idle };
  } catch (error) {
    if (error instanceof ReloadRefused) return error;
    throw error;
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
