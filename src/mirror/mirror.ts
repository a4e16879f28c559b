import { setImmediate } from 'node:timers/promises';
import type { BodyMemory, Hold as HeldMemory } from '../admission/body-memory.ts';
import { chargesOf } from '../policies/charges.ts';
import { mostUsage } from '../pricing/charge.ts';
import type { Prices } from '../pricing/prices.ts';
import { isShortage, type Quotas } from '../quotas/quotas.ts';
import { StoreError } from '../stores/store.ts';
import { book, countedFor, type Reserved } from './book.ts';
import { CopyFailure } from './copy-failure.ts';
import type { MirrorJob } from './mirror-job.ts';
import type { MirrorResult } from './mirror-result.ts';
import { runCopy } from './run-copy.ts';
import type { Send } from './send.ts';

/**
 * Why a request was not copied. `busy`: as many copies are under way as may be. `memory`: their bodies take all the memory that they may.
 * `budget`: the tenant that pays has no money left for it. `unpriced`: that tenant has a budget, and the deployment no price. `ledger`: what it costs cannot be accounted for. `closed`: the gateway closes.
 */
export type DropReason = 'busy' | 'memory' | 'budget' | 'unpriced' | 'ledger' | 'closed';

/** Sends copies of requests to other deployments. Their answers are recorded, and nobody gets them. */
export interface Mirror {
  /** Copies a request, or drops it. Returns at once and never throws: nothing that becomes of a copy reaches its exchange. */
  copy(job: MirrorJob): void;
  /** What came of the last 100 copies, the latest first. */
  recent(): MirrorResult[];
  /** `copied` and `dropped` only grow. */
  stats(): { running: number; heldBytes: number; copied: number; dropped: Readonly<Record<DropReason, number>> };
  /** Ends all copies, and resolves when each is booked. No more are made. */
  close(): Promise<void>;
}

export interface MirrorOptions {
  quotas: Pick<Quotas, 'reserve' | 'record'>;
  prices: Prices;
  send: Send;
  /** For the bodies of copies alone, so that they take nothing from the exchanges. */
  memory: BodyMemory;
  /** Milliseconds since 1970. */
  now: () => number;
  onResult: (result: MirrorResult) => void;
  onDropped: (reason: DropReason, job: MirrorJob) => void;
  /** Hears of a bug of ours, and of a ledger that cannot do its work. */
  onFailure: (what: string, error: unknown) => void;
  /** Most copies under way at once. */
  max?: number;
  /** Longest that a copy takes, in milliseconds. */
  totalMs?: number;
}

/** Copies that are kept for people to look at. */
const maxRecent = 100;

/** Makes what copies requests. It holds no config: each job says where to, and who pays. */
export function createMirror(options: MirrorOptions): Mirror {
  const { memory, max = 16, onResult, onDropped, onFailure } = options;
  const running = new Map<AbortController, Promise<void>>();
  const recent: MirrorResult[] = [];
  const dropped: Record<DropReason, number> = { busy: 0, memory: 0, budget: 0, unpriced: 0, ledger: 0, closed: 0 };
  let copied = 0;
  let isClosed = false;

  function drop(reason: DropReason, job: MirrorJob): void {
    dropped[reason]++;
    onDropped(reason, job);
  }

  function record(result: MirrorResult): void {
    copied++;
    recent.push(result);
    if (recent.length > maxRecent) recent.shift();
    onResult(result);
  }

  async function run(job: MirrorJob, held: HeldMemory, stop: AbortController): Promise<void> {
    try {
      await setImmediate(); // the exchange's own work goes first
      const outcome = await oneCopy(job, held, stop, options);
      if (typeof outcome === 'string') drop(outcome, job);
      else record(outcome);
    } catch (error) {
      onFailure('mirror', error);
    } finally {
      held.release();
      running.delete(stop);
    }
  }

  function start(job: MirrorJob): void {
    if (isClosed) return drop('closed', job);
    if (running.size >= max) return drop('busy', job);
    const held = memory.take(2 * job.request.bytes.length); // the client's bytes, and those written for the deployment
    if (held === undefined) return drop('memory', job);
    const stop = new AbortController();
    running.set(stop, run(job, held, stop));
  }

  return {
    copy(job) {
      try {
        start(job);
      } catch (error) {
        onFailure('mirror', error);
      }
    },
    recent: () => recent.toReversed(),
    stats: () => ({ running: running.size, heldBytes: memory.used, copied, dropped: { ...dropped } }),
    async close() {
      isClosed = true;
      for (const stop of running.keys()) stop.abort(new CopyFailure('closed', 'The gateway was closed.'));
      await Promise.all(running.values());
    },
  };
}

/** Makes one copy, from the reserved money to the booked. A reason in place of a result: it was not made. */
async function oneCopy(wanted: MirrorJob, memory: HeldMemory, stop: AbortController, options: MirrorOptions): Promise<MirrorResult | DropReason> {
  const { quotas, prices, send, now, onFailure, totalMs = 600_000 } = options;
  const job = capped(wanted);
  const reserved = await reserve(job, options);
  if (typeof reserved === 'string') return reserved;
  const timer = setTimeout(() => stop.abort(new CopyFailure('timeout', `The answer took longer than ${totalMs} ms.`)), totalMs);
  try {
    const course = await runCopy(job, { send, memory, signal: stop.signal, now });
    if (course.failure?.kind === 'internal') onFailure('mirror', course.failure.cause);
    return book(job, course, { quotas, prices, reserved });
  } finally {
    clearTimeout(timer);
    reserved?.reservation.release(); // does nothing after a settle
  }
}

/** A copy that a budget pays for has no more output than is reserved for it: nobody watches its answer. */
function capped(job: MirrorJob): MirrorJob {
  const { request } = job;
  const isOpen = request.protocol.operation === 'chat' && request.protocol.parameterEdits !== undefined && request.facts.maxTokens === undefined;
  if (!isOpen || countedFor(job).length === 0) return job;
  return { ...job, request: request.withParameters({ maxTokens: Math.ceil(mostUsage(request).outputTokens / request.facts.choices) }) };
}

/** Holds what the copy may cost where the tenant that pays has budgets; the reason where it cannot. */
async function reserve(job: MirrorJob, { quotas, prices, now, onFailure }: MirrorOptions): Promise<Reserved | undefined | DropReason> {
  const counted = countedFor(job);
  if (counted.length === 0) return undefined;
  const usage = mostUsage(job.request);
  const nanos = prices.costNanos(job.deployment, usage);
  if (nanos === undefined) return 'unpriced';
  try {
    const reservation = await quotas.reserve(
      chargesOf(counted, { nanos, tokens: Math.min(Number.MAX_SAFE_INTEGER, usage.inputTokens + usage.outputTokens) }, now()),
    );
    return isShortage(reservation) ? 'budget' : { reservation, nanos };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    onFailure('mirror', error);
    return 'ledger';
  }
}
