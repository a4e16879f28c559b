/** How a try to bring a changed config into force ends. */
export type ReloadResult = 'applied' | 'refused' | 'unchanged';

/** The config in force, as the admin API shows it. */
export interface ConfigReport {
  /** First 12 hex digits of the SHA-256 of the file's text. */
  hash: string;
  /** 1 at the start, and one more with each config that comes into force. */
  number: number;
  /** When it came into force, as ISO 8601. */
  loadedAt: string;
  /** Why what the file holds now is not in force; absent where it is. */
  lastError?: { at: string; problems: readonly string[] };
}

/** Which config is in force, and what became of the tries to change it. */
export interface ConfigStatus {
  report(): ConfigReport;
  /** Tries since the start, by how they ended. */
  readonly counts: Readonly<Record<ReloadResult, number>>;
  applied(version: { hash: string; number: number }): void;
  refused(problems: readonly string[]): void;
  unchanged(): void;
}

/** The status at the start: by the config of this `number`, which is another than 1 in a process that was started later. `now` is in milliseconds since the epoch. */
export function createConfigStatus(hash: string, now: () => number, number = 1): ConfigStatus {
  const counts = { applied: 0, refused: 0, unchanged: 0 };
  const time = (): string => new Date(now()).toISOString();
  let report: ConfigReport = { hash, number, loadedAt: time() };
  return {
    report: () => report,
    counts,
    applied(version) {
      counts.applied += 1;
      report = { hash: version.hash, number: version.number, loadedAt: time() };
    },
    refused(problems) {
      counts.refused += 1;
      report = { ...report, lastError: { at: time(), problems } };
    },
    unchanged() {
      counts.unchanged += 1;
      const { lastError: _, ...good } = report;
      report = good;
    },
  };
}
