import { createReloader, type CompiledConfig, type NextConfig } from '../config/reload.ts';
import type { ConfigLook } from '../config/reload-look.ts';
import { watchConfig } from '../config/watch.ts';
import type { Logger } from '../telemetry/log.ts';
import { onHangUp } from './hang-up.ts';

export interface ReloadingOptions {
  look(): Promise<ConfigLook>;
  /** What is in force at the start. */
  first: CompiledConfig & { look: ConfigLook };
  /** Compiles a text, undefined where the file cannot be read. Throws ConfigError. */
  compile(text: string | undefined): Promise<CompiledConfig>;
  /** Brings a config into force. Throws ReloadRefused where it cannot. */
  apply(next: NextConfig): Promise<void>;
  /** Hears what came to nothing. */
  onRefused(problems: readonly string[]): void;
  onUnchanged(): void;
  /** The terminal is gone. */
  stop(): void;
  log: Logger;
}

/** Keeps the config in force that the files hold: watches them, and tries at once on SIGHUP. Ends with what it returns. */
export function keepReloading({ look, first, compile, apply, onRefused, onUnchanged, stop, log }: ReloadingOptions): () => void {
  const end = new AbortController();
  let version = { hash: first.hash, number: 1 };
  const stays = (): string => `config ${version.number} (${version.hash}) stays in force`;
  const reloader = createReloader({
    first,
    compile,
    apply,
    signal: end.signal,
    listener: {
      applied({ hash, number }) {
        version = { hash, number };
        log.info({ hash, number }, `config ${number} (${hash}) is in force`);
      },
      refused(problems) {
        for (const problem of problems) log.error(`the changed config cannot be used: ${problem}`);
        log.warn(stays());
        onRefused(problems);
      },
      unchanged() {
        log.info(`the config is as it was: ${stays()}`);
        onUnchanged();
      },
    },
  });
  const deaf = onHangUp({ reload: () => void look().then((seen) => reloader.take(seen, { force: true })), stop });
  void watchConfig({ look, first: first.look, onChange: (seen) => void reloader.take(seen), signal: end.signal });
  return () => {
    deaf();
    end.abort();
  };
}
