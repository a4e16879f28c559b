import { setTimeout as sleepFor } from 'node:timers/promises';
import type { ConfigLook } from './reload-look.ts';
import { createFolderWatch, type FolderWatch } from './watch-folders.ts';

export interface WatchOptions {
  look(): Promise<ConfigLook>;
  /** What is known already: a change is a change from this. */
  first: ConfigLook;
  /** Hears of each change once the files have come to rest. */
  onChange(look: ConfigLook): void;
  /** Ends the watching. */
  signal: AbortSignal;
  /** Resolves after so many milliseconds, or at once when the signal is aborted. */
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  folders?: (changed: () => void) => FolderWatch;
}

/** How long files must stay as they are to count as written, in milliseconds. */
const settleMs = 200;

/** How often they are looked at even if the system tells of no change, as on network file systems, in milliseconds. */
const pollMs = 5000;

/** Watches a config and the files that it names, until the signal. Resolves at the end. */
export async function watchConfig({ look, first, onChange, signal, sleep = pause, folders = createFolderWatch }: WatchOptions): Promise<void> {
  let nudged = new AbortController();
  const nudge = (): void => nudged.abort();
  const watched = folders(nudge);
  signal.addEventListener('abort', nudge);
  let known = first.fingerprint;
  watched.watch(first.files);
  try {
    while (!signal.aborted) {
      await sleep(pollMs, nudged.signal);
      if (signal.aborted) return;
      nudged = new AbortController(); // before the look: what changes after it is a nudge again
      const now = await settled(look, { known, sleep, signal });
      watched.watch(now.files);
      if (signal.aborted || now.fingerprint === known) continue;
      known = now.fingerprint;
      onChange(now);
    }
  } finally {
    signal.removeEventListener('abort', nudge);
    watched.close();
  }
}

/** Looks until two looks in a row see the same: whoever writes is done then. */
async function settled(
  look: WatchOptions['look'],
  { known, sleep, signal }: { known: string; sleep: NonNullable<WatchOptions['sleep']>; signal: AbortSignal },
): Promise<ConfigLook> {
  let now = await look();
  while (now.fingerprint !== known && !signal.aborted) {
    await sleep(settleMs, signal);
    const again = await look();
    if (again.fingerprint === now.fingerprint) return again;
    now = again;
  }
  return now;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleepFor(milliseconds, undefined, { signal, ref: false }).catch(() => {});
}
