import { z } from 'zod';
import { bytes, durationMs, share } from './values.ts';

/** When a deployment is given a rest. */
export const breakerSchema = z.union([
  z.literal(false),
  z.strictObject({
    failures: z.int().min(1).max(10_000).default(5).meta({ description: 'Failed attempts in a row.' }),
    failureRate: share.prefault('50%').meta({ description: 'Share of attempts that failed.', examples: ['50%'] }),
    slow: durationMs
      .optional()
      .meta({ description: 'An attempt is slow that takes longer to the first byte of its answer. Defaults to none being slow.', examples: ['20s'] }),
    slowRate: share.prefault('80%').meta({ description: 'Share of attempts that were slow.', examples: ['80%'] }),
    window: durationMs.prefault('30s').meta({ description: 'Time in which shares are counted.', examples: ['30s'] }),
    minRequests: z.int().min(1).max(1_000_000).default(20).meta({ description: 'Attempts in that time below which no share counts.' }),
    rest: durationMs.prefault('2s').meta({ description: 'The first rest. Each further one in a row is twice as long.', examples: ['2s'] }),
    longestRest: durationMs.prefault('1m').meta({ description: 'The longest rest.', examples: ['1m'] }),
  }),
]);

/** What is done where providers fail or too much is asked. */
export const resilienceSchema = z.strictObject({
  breaker: breakerSchema.prefault({}).meta({
    description:
      'When a deployment that fails, or is slow, is given a rest: no request goes there until it is over, then one at a time until one succeeds. `false` for never: then nothing is set aside either that is limited or refused. Providers may have their own.',
  }),
  whenAllRest: z.enum(['refuse', 'try-one']).default('refuse').meta({
    description:
      'What becomes of a request all of whose deployments rest: it is refused at once with `retry-after`, or the one that rests least is tried.',
  }),
  retryBudget: share.prefault('20%').meta({
    description: 'Most attempts that may be made again at the same deployment, as a share of the requests; beyond it the next deployment is tried.',
    examples: ['20%'],
  }),
  maxConcurrent: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({
      description: 'Most requests under way at once. Defaults to no limit.',
      examples: [2000],
    }),
  queue: z
    .strictObject({
      max: z
        .int()
        .min(1)
        .max(100_000)
        .default(1000)
        .meta({ description: 'Most requests that wait for a place in the gateway, and as many for each provider; one tenant may be half of them.' }),
      wait: durationMs
        .refine((ms) => ms <= 50_000, 'must be 50s at most: Envoy waits no longer for us')
        .prefault('10s')
        .meta({ description: 'Longest wait; 50s at most.', examples: ['10s'] }),
    })
    .optional()
    .meta({ description: 'Where requests wait that find all places taken, instead of being refused at once. Tenants take turns.' }),
  maxBodyMemory: bytes.prefault('1GiB').meta({
    description: 'Most memory for the bodies of all requests and answers together; beyond it requests are refused with 503.',
    examples: ['512MiB'],
  }),
  share: z
    .union([
      z.strictObject({
        embedded: z
          .strictObject({
            path: z
              .string()
              .min(1)
              .meta({ description: 'Where it lies, relative to this file.', examples: ['/var/lib/remora/health.db'] }),
          })
          .meta({ description: 'A SQLite file, for the gateways of one machine.' }),
      }),
      z.strictObject({
        redis: z
          .string()
          .min(1)
          .meta({ description: 'Address of a Redis, as `redis://…` or `rediss://…`.', examples: ['redis://redis:6379'] }),
      }),
    ])
    .optional()
    .meta({
      description:
        'Where gateways tell each other which deployments rest, so that what one of them has learned the others need not. Defaults to nowhere: each goes by what it sees.',
    }),
});
