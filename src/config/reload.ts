import type { ConfigLook } from './reload-look.ts';
import { fieldsThatNeedARestart } from './reload-restart.ts';
import { ConfigError, describeProblem } from './problem.ts';
import type { Snapshot } from './snapshot.ts';

/** A config that is good, and what it was made of. */
export interface CompiledConfig {
  snapshot: Snapshot;
  /** Its text as data, for another process to compile. */
  data: unknown;
  /** Its version as people see it: `versionHash` of the file's text. */
  hash: string;
}

/** A config that is to come into force. */
export interface NextConfig extends CompiledConfig {
  /** The config of the start is 1, and each that comes into force is one more. */
  number: number;
}

/** A config that is good but cannot come into force now; each problem is a sentence that says what to do. */
export class ReloadRefused extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ReloadRefused';
    this.problems = problems;
  }
}

/** Hears what becomes of each try. */
export interface ReloadListener {
  applied(version: { hash: string; number: number }): void;
  refused(problems: readonly string[]): void;
  /** The files hold again, or still, what is in force. */
  unchanged(): void;
}

export interface ReloaderOptions {
  /** What is in force at the start. */
  first: { snapshot: Snapshot; look: ConfigLook };
  /** Compiles a text, undefined where there is none. Throws ConfigError. */
  compile(text: string | undefined): Promise<CompiledConfig>;
  /** Brings a config into force, whole or not at all. Throws ReloadRefused where it cannot. */
  apply(next: NextConfig): Promise<void>;
  listener: ReloadListener;
  /** Ends it: from then on nobody hears of anything. */
  signal: AbortSignal;
}

/** Brings changed configs into force, one after the other. */
export interface Reloader {
  /** Takes what the files hold now. Whatever is wrong with the same content is told once, unless a try is forced. Resolves when it is in force or refused. */
  take(look: ConfigLook, options?: { force?: boolean }): Promise<void>;
}

/** Makes a reloader. */
export function createReloader({ first, compile, apply, listener, signal }: ReloaderOptions): Reloader {
  let inForce = { snapshot: first.snapshot, fingerprint: first.look.fingerprint, number: 1 };
  let lastTried = first.look.fingerprint;
  let running: Promise<void> = Promise.resolve();

  async function attempt({ text, fingerprint }: ConfigLook): Promise<void> {
    const compiled = await compile(text);
    const fields = fieldsThatNeedARestart(inForce.snapshot, compiled.snapshot);
    if (fields.length > 0) throw new ReloadRefused([`${fields.join(', ')} changed: restart Remora to apply that`]);
    const next: NextConfig = { ...compiled, number: inForce.number + 1 };
    await apply(next);
    inForce = { snapshot: next.snapshot, fingerprint, number: next.number };
    if (!signal.aborted) listener.applied(next);
  }

  async function take(look: ConfigLook, force: boolean): Promise<void> {
    if (signal.aborted || (look.fingerprint === lastTried && !force)) return;
    lastTried = look.fingerprint;
    if (look.fingerprint === inForce.fingerprint) return listener.unchanged();
    try {
      await attempt(look);
    } catch (error) {
      if (!signal.aborted) listener.refused(problemsOf(error));
    }
  }

  return {
    take(look, { force = false } = {}) {
      running = running.then(() => take(look, force));
      return running;
    },
  };
}

/** What is wrong, one sentence each, whatever was thrown. */
export function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map(describeProblem);
  if (error instanceof ReloadRefused) return error.problems;
  return [error instanceof Error ? error.message : String(error)];
}
