import { pino, type Logger } from 'pino';

export type { Logger };

/** The log: JSON lines on standard error. Keys that may hold secrets are blotted out wherever they stand. */
export const createLog = (level: string): Logger =>
  pino(
    { level, base: null, redact: { paths: ['apiKey', '*.apiKey', 'authorization', '*.authorization'], censor: '[secret]' } },
    pino.destination({ dest: 2, sync: true }),
  );
