import { pino, type Logger } from 'pino';

export type { Logger };

/** The log: JSON lines on standard error. Nothing logs credentials; fields of their names are blotted out all the same, at the top and one level down. */
export const createLog = (level: string): Logger =>
  pino(
    {
      level,
      base: null,
      redact: { paths: ['apiKey', 'authorization', 'x-api-key'].flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[secret]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
