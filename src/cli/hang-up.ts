import { closeSync, openSync } from 'node:fs';

/**
 * Hears SIGHUP. From an operator it asks for the config to be read again; when the terminal we were started from is closed, it asks us to stop, as ever.
 * Returns what ends the hearing.
 */
export function onHangUp({ reload, stop }: { reload(): void; stop(): void }): () => void {
  const startedInTerminal = hasTerminal();
  const hear = (): void => (startedInTerminal && !hasTerminal() ? stop() : reload());
  process.on('SIGHUP', hear);
  return () => void process.off('SIGHUP', hear);
}

/** Whether there is a terminal that this process belongs to. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
