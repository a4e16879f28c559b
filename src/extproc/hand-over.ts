import type { AttemptFailure, AttemptOutcome } from '../routing/health/outcome.ts';

/** Hands what became of attempts to the other sidecar processes: Envoy tells it to one of them, whoever holds the exchange. */
export interface HandOver {
  /** Takes an attempt of an exchange that is not known here. */
  give(requestId: string, outcome: AttemptOutcome): void;
  /** Sends what waits at once, and resolves when what the others send at the same time has come. */
  close(): Promise<void>;
}

export interface HandOverOptions {
  /** Sends a batch of `count` attempts to all others, and says when it is out; one batch at a time. */
  send(batch: string, count: number, sent: () => void): void;
  /** So many attempts were not told, as too many wait. */
  onDropped(count: number): void;
  /** How long attempts are gathered, in milliseconds. */
  afterMs?: number;
  /** Most attempts that wait. */
  max?: number;
}

/** Makes one; its timer keeps no process alive. */
export function createHandOver({ send, onDropped, afterMs = 20, max = 10_000 }: HandOverOptions): HandOver {
  let waiting: Row[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isSending = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isSending || waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    isSending = true;
    send(JSON.stringify(batch), batch.length, () => {
      isSending = false;
      gather();
    });
  }

  function gather(): void {
    if (timer !== undefined || isSending || waiting.length === 0) return;
    timer = setTimeout(flush, afterMs);
    timer.unref();
  }

  return {
    give(requestId, outcome) {
      if (waiting.length >= max) {
        onDropped(1);
        return;
      }
      waiting.push(toRow(requestId, outcome));
      gather();
    },
    async close() {
      flush();
      await new Promise((resolve) => {
        setTimeout(resolve, lastBatchMs);
      });
    },
  };
}

/** How long the last batches of others may be on their way, in milliseconds. */
const lastBatchMs = 100;

/** Reads a batch that another process of this gateway has sent. */
export function takeOver(batch: string, take: (requestId: string, outcome: AttemptOutcome) => void): void {
  const rows = JSON.parse(batch) as Row[]; // written by this same version
  for (const [requestId, cluster, status, failure, details, startedAt, durationMs, firstByteMs, headers] of rows) {
    take(requestId, {
      cluster,
      status,
      failure: failure ?? undefined,
      details,
      startedAt,
      durationMs,
      firstByteMs: firstByteMs ?? undefined,
      headers: new Map(headers),
    });
  }
}

/** An attempt as it is sent: the request's id and the outcome's fields in their order. */
type Row = [
  requestId: string,
  cluster: string,
  status: number,
  failure: AttemptFailure | null,
  details: string,
  startedAt: number,
  durationMs: number,
  firstByteMs: number | null,
  headers: [name: string, value: string][],
];

const toRow = (requestId: string, { cluster, status, failure, details, startedAt, durationMs, firstByteMs, headers }: AttemptOutcome): Row => [
  requestId,
  cluster,
  status,
  failure ?? null,
  details,
  startedAt,
  durationMs,
  firstByteMs ?? null,
  [...headers],
];
