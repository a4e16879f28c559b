import { expect, test } from 'vitest';
import type { ConfigLook } from './reload-look.ts';
import { watchConfig } from './watch.ts';

const look = (fingerprint: string, files: string[] = ['/config']): ConfigLook => ({ text: fingerprint, fingerprint, files });

/** A watch whose looks see what the script says, one after the other, then the last for ever; each sleep ends when the test says so. */
function watching(script: string[]) {
  const end = new AbortController();
  const heard: string[] = [];
  const watched: string[][] = [];
  const sleeps: { milliseconds: number; wake(): void }[] = [];
  let arrived = Promise.withResolvers<void>();
  let changed = (): void => {};
  let closed = false;
  let at = 0;
  const done = watchConfig({
    look: async () => look(script[Math.min(at++, script.length - 1)] ?? ''),
    first: look('first'),
    onChange: ({ fingerprint }) => void heard.push(fingerprint),
    signal: end.signal,
    sleep: (milliseconds, signal) =>
      new Promise((wake) => {
        sleeps.push({ milliseconds, wake });
        signal.addEventListener('abort', () => wake());
        if (signal.aborted) wake();
        arrived.resolve();
      }),
    folders: (nudge) => {
      changed = nudge;
      return { watch: (files) => void watched.push([...files]), close: () => (closed = true) };
    },
  });
  /** The next sleep that begins, by its length; it goes on when the test wakes it. */
  async function nextSleep(): Promise<{ milliseconds: number; wake(): void }> {
    while (sleeps.length === 0) {
      await arrived.promise;
      arrived = Promise.withResolvers();
    }
    return sleeps.shift() ?? { milliseconds: 0, wake() {} };
  }
  return { heard, watched, nextSleep, nudge: () => changed(), end: () => end.abort(), done, isClosed: () => closed };
}

test('a change is heard of once it has come to rest', async () => {
  const { heard, nextSleep, nudge } = watching(['half', 'whole', 'whole', 'whole']);
  expect((await nextSleep()).milliseconds).toBe(5000);
  nudge();
  const settling = await nextSleep();
  expect(settling.milliseconds).toBe(200);
  settling.wake();
  (await nextSleep()).wake(); // half, then whole: not at rest yet
  expect(heard).toEqual([]);
  expect((await nextSleep()).milliseconds).toBe(5000);
  expect(heard).toEqual(['whole']);
});

test('a change that the system does not tell of is found by looking now and then', async () => {
  const { heard, nextSleep } = watching(['first', 'second', 'second']);
  (await nextSleep()).wake();
  (await nextSleep()).wake(); // nothing new
  (await nextSleep()).wake(); // settles
  await nextSleep();
  expect(heard).toEqual(['second']);
});

test('a change that is taken back before it has come to rest is none', async () => {
  const { heard, nextSleep, nudge } = watching(['other', 'first', 'first']);
  await nextSleep();
  nudge();
  (await nextSleep()).wake();
  await nextSleep();
  expect(heard).toEqual([]);
});

test('each content is heard of once, however often the system tells of it', async () => {
  const { heard, nextSleep, nudge } = watching(['second']);
  for (let tells = 0; tells < 3; tells += 1) {
    const sleep = await nextSleep();
    if (sleep.milliseconds === 200) sleep.wake();
    else nudge();
  }
  nudge();
  await nextSleep();
  expect(heard).toEqual(['second']);
});

test('the files are watched that the config names now', async () => {
  const { watched, nextSleep } = watching(['first']);
  (await nextSleep()).wake();
  await nextSleep();
  expect(watched).toEqual([['/config'], ['/config']]);
});

test('it ends with its signal, also while a change comes to rest, and then nothing is heard', async () => {
  const { heard, nextSleep, nudge, end, done, isClosed } = watching(['second']);
  await nextSleep();
  nudge();
  await nextSleep();
  end();
  await done;
  expect({ heard, closed: isClosed() }).toEqual({ heard: [], closed: true });
});
