import { expect, test } from 'vitest';
import { ReloadRefused } from '../config/reload.ts';
import type { Sidecar } from './sidecar.ts';
import type { SentConfig } from './sidecar-messages.ts';
import { startSidecars, type SidecarsOptions } from './sidecars.ts';
import { UserError } from './user-error.ts';

const config = (number: number): SentConfig => ({ data: { number }, hash: `hash-${number}`, number });

/** A sidecar process that is none. */
interface Played extends Sidecar {
  end(how: string): void;
  handOver(batch: string, count: number): void;
}

/** Processes that are none, and all that was done with them in order. */
function stage({ refuses, fails }: { refuses?: (index: number, number: number) => boolean; fails?: (index: number, start: number) => boolean } = {}) {
  const done: string[] = [];
  const said: string[] = [];
  const starts: number[] = [];
  let clock = 0;

  function play(index: number, onHandOver: Played['handOver']): Played {
    const { promise: exited, resolve: end } = Promise.withResolvers<string>();
    return {
      exited,
      end,
      handOver: onHandOver,
      async use({ number }) {
        done.push(`${index} use ${number}`);
        if (refuses?.(index, number) === true) throw new ReloadRefused([`${index} refuses ${number}`]);
        return { idle: Promise.resolve() };
      },
      tell: (message) => void done.push(`${index} tell ${JSON.stringify(message)}`),
      hand(batch) {
        done.push(`${index} hand ${batch}`);
        return batch !== 'too much';
      },
      metrics: async () => [],
      async stop() {
        done.push(`${index} stop`);
        end('exit code 0');
      },
    };
  }

  const running = new Map<number, Played>();
  const options = (count: number): SidecarsOptions => ({
    count,
    first: config(1),
    async start(index, { first, onHandOver }) {
      starts[index] = (starts[index] ?? 0) + 1;
      done.push(`${index} start ${first.number}`);
      if (fails?.(index, starts[index]) === true) throw new UserError(`${index} did not start`);
      const played = play(index, onHandOver);
      running.set(index, played);
      return played;
    },
    log: { info: say, warn: say, error: say } as SidecarsOptions['log'],
    now: () => clock,
    async wait(milliseconds) {
      done.push(`wait ${milliseconds}`);
    },
  });
  function say(line: unknown): void {
    said.push(String(line));
  }
  const at = (index: number): Played => running.get(index) ?? expect.fail(`no ${index}`);
  return { done, said, at, later: (ms: number) => (clock += ms), start: (count: number) => startSidecars(options(count)) };
}

test('the first one starts alone, and where one does not start none is left', async () => {
  const { start, done } = stage({ fails: (index) => index === 1 });
  await expect(start(3)).rejects.toThrow('1 did not start');
  expect(done).toEqual(['0 start 1', '1 start 1', '2 start 1', '0 stop', '2 stop']);
});

test('one that ends by itself is started again, and another life serves in its place', async () => {
  const { start, at, done, said } = stage();
  const sidecars = await start(2);
  const [, before] = sidecars.alive();
  at(1).end('signal SIGKILL');
  await expect.poll(() => done.at(-1)).toBe('1 start 1');
  expect(said).toEqual(['Sidecar process 1 has ended by itself (signal SIGKILL) and is started again']);
  await expect.poll(() => sidecars.alive().map(({ index }) => index)).toEqual([0, 1]);
  expect(sidecars.alive()[1]).not.toBe(before);
  await sidecars.stop();
});

test('while it is gone it is not counted among those that serve', async () => {
  const { start, at } = stage({ fails: (index, number) => index === 1 && number > 1 });
  const sidecars = await start(2);
  at(1).end('signal SIGKILL');
  await expect.poll(() => sidecars.alive().map(({ index }) => index)).toEqual([0]);
  await sidecars.stop();
});

test('the waits grow, and after five ends within a minute it is given up', async () => {
  const { start, at, done } = stage();
  const sidecars = await start(1);
  let gaveUp: Error | undefined;
  void sidecars.gaveUp.then((error) => (gaveUp = error));
  for (let ends = 1; ends <= 5; ends += 1) {
    at(0).end(`exit code ${ends}`);
    if (ends < 5) await expect.poll(() => done.filter((each) => each === '0 start 1').length).toBe(ends + 1);
  }
  await expect
    .poll(() => gaveUp?.message)
    .toBe('The sidecar has ended by itself 5 times within a minute (exit code 5 at last); its log above says why. Start Remora again.');
  expect(done.filter((each) => each.startsWith('wait'))).toEqual(['wait 100', 'wait 200', 'wait 400', 'wait 800']);
});

test('ends that lie further apart than a minute are no reason to give up', async () => {
  const { start, at, done, later } = stage();
  const sidecars = await start(1);
  void sidecars.gaveUp.then(() => done.push('gave up'));
  for (let ends = 1; ends <= 6; ends += 1) {
    later(20_000);
    at(0).end('exit code 1');
    await expect.poll(() => done.filter((each) => each === '0 start 1').length).toBe(ends + 1);
  }
  expect(done).not.toContain('gave up');
  await sidecars.stop();
});

test('one that cannot be started again counts as one that ends', async () => {
  const { start, at, said } = stage({ fails: (_, number) => number > 1 });
  const sidecars = await start(1);
  at(0).end('signal SIGKILL');
  expect((await sidecars.gaveUp).message).toContain('5 times within a minute (it did not start at last)');
  expect(said).toContain('0 did not start');
});

test('all use a changed config, and one that is started later begins with it', async () => {
  const { start, at, done } = stage();
  const sidecars = await start(3);
  await (
    await sidecars.use(config(2))
  ).idle;
  expect(done.filter((each) => each.includes('use'))).toEqual(['0 use 2', '1 use 2', '2 use 2']);
  at(2).end('signal SIGKILL');
  await expect.poll(() => done.at(-1)).toBe('2 start 2');
  await sidecars.stop();
});

test.each([
  [0, ['0 use 2']],
  [2, ['0 use 2', '1 use 2', '2 use 2', '0 use 1', '1 use 1']],
])('where process %i refuses a config, all keep the one before', async (refusing, steps) => {
  const { start, at, done } = stage({ refuses: (index, number) => index === refusing && number === 2 });
  const sidecars = await start(3);
  await expect(sidecars.use(config(2))).rejects.toThrow(new ReloadRefused([`${refusing} refuses 2`]));
  expect(done.filter((each) => each.includes('use'))).toEqual(steps);
  at(1).end('signal SIGKILL');
  await expect.poll(() => done.at(-1)).toBe('1 start 1');
  await sidecars.stop();
});

test('what one hands over goes to all others, and it hears what did not get there', async () => {
  const { start, at, done } = stage();
  const sidecars = await start(3);
  done.length = 0;
  at(1).handOver('batch', 2);
  at(0).handOver('too much', 7);
  const lost = '0 tell {"type":"not-handed","count":7}';
  expect(done).toEqual(['0 hand batch', '2 hand batch', '1 hand too much', lost, '2 hand too much', lost]);
  await sidecars.stop();
});

test('told to stop, all end and none is started again', async () => {
  const { start, done, said } = stage();
  const sidecars = await start(2);
  await sidecars.stop();
  await new Promise(setImmediate);
  expect(done).toEqual(['0 start 1', '1 start 1', '0 stop', '1 stop']);
  expect(said).toEqual([]);
});
