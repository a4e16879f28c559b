import type { CompileOptions } from '../config/load.ts';
import { problemsOf } from '../config/reload.ts';
import { compileParsed } from '../config/reload-compile.ts';
import type { ConfigStatus } from '../config/reload-status.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { Gateway } from '../gateway.ts';
import { shareOfProcess } from './process-share.ts';
import type { FromSidecar, Place, SentConfig, ToSidecar } from './sidecar-messages.ts';

/** Longest time that an exchange is waited for which began before a change, in milliseconds: a chain of JSON answers can take as long. */
export const longestAttemptsMs = 600_000;

export interface ObeyOptions {
  gateway: Pick<Gateway, 'use' | 'untilIdle' | 'handed' | 'notHanded' | 'metrics'>;
  status: ConfigStatus;
  compile: CompileOptions;
  place: Place | undefined;
}

/** Does what the process says that forked this one, beginning with telling it that we serve. */
export function obey({ gateway, status, compile, place }: ObeyOptions): void {
  async function use(config: SentConfig): Promise<void> {
    const { number } = config;
    let snapshot: Snapshot;
    try {
      snapshot = compileSent(config, compile, place);
      await gateway.use(snapshot);
    } catch (error) {
      return tell({ type: 'not-used', number, problems: problemsOf(error) });
    }
    status.applied(config);
    tell({ type: 'used', number });
    await gateway.untilIdle(snapshot, longestAttemptsMs);
    tell({ type: 'idle', number });
  }

  process.on('message', (message: ToSidecar) => {
    switch (message.type) {
      case 'begin':
        return;
      case 'use':
        return void use(message.config);
      case 'refused':
        return status.refused(message.problems);
      case 'unchanged':
        return status.unchanged();
      case 'handed':
        return gateway.handed(message.batch);
      case 'not-handed':
        return gateway.notHanded(message.count);
      case 'measure':
        return void gateway.metrics().then((metrics) => tell({ type: 'measured', number: message.number, metrics }));
    }
  });
  tell({ type: 'ready' });
}

/** The config that was sent, as this process uses it. Throws ConfigError. */
export const compileSent = ({ data }: SentConfig, compile: CompileOptions, place: Place | undefined): Snapshot =>
  shareOfProcess(compileParsed(data, compile), place);

/** What to begin with; undefined where the process that forked us has gone before it said so. */
export async function firstOrder(): Promise<Extract<ToSidecar, { type: 'begin' }> | undefined> {
  if (!process.connected) return undefined;
  return new Promise((resolve) => {
    const gone = (): void => resolve(undefined);
    process.once('disconnect', gone);
    process.once('message', (message: ToSidecar) => {
      process.off('disconnect', gone);
      resolve(message.type === 'begin' ? message : undefined);
    });
  });
}

/** Tells the process that forked us. `sent` is called when it is out. */
export function tell(message: FromSidecar, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent();
}
