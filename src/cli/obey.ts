import type { CompileOptions } from '../config/load.ts';
import { problemsOf } from '../config/reload.ts';
import { compileParsed } from '../config/reload-compile.ts';
import type { ConfigStatus } from '../config/reload-status.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { Gateway } from '../gateway.ts';
import type { FromSidecar, ToSidecar } from './sidecar-messages.ts';

/** Longest time that an exchange is waited for which began before a change, in milliseconds: a chain of JSON answers can take as long. */
export const longestAttemptsMs = 600_000;

export interface ObeyOptions {
  gateway: Pick<Gateway, 'use' | 'untilIdle'>;
  status: ConfigStatus;
  compile: CompileOptions;
}

/** Does what the process says that forked this one, beginning with telling it that we serve. */
export function obey({ gateway, status, compile }: ObeyOptions): void {
  async function use({ data, hash, number }: Extract<ToSidecar, { type: 'use' }>): Promise<void> {
    let snapshot: Snapshot;
    try {
      snapshot = compileParsed(data, compile);
      await gateway.use(snapshot);
    } catch (error) {
      return tell({ type: 'not-used', number, problems: problemsOf(error) });
    }
    status.applied({ hash, number });
    tell({ type: 'used', number });
    await gateway.untilIdle(snapshot, longestAttemptsMs);
    tell({ type: 'idle', number });
  }

  process.on('message', (message: ToSidecar) => {
    if (message.type === 'use') void use(message);
    else if (message.type === 'refused') status.refused(message.problems);
    else status.unchanged();
  });
  tell({ type: 'ready' });
}

function tell(message: FromSidecar): void {
  if (process.connected) process.send?.(message);
}
