import { z } from 'zod';
import { address, credential, isLoopback } from './values.ts';

/** Shortest admin token, in characters: what can be guessed is worse than none, which keeps the port to this machine. */
const shortestToken = 32;

/** Where health, metrics and the admin API are served, and what they ask for. */
export const adminSchema = z
  .strictObject({
    listen: address.prefault('127.0.0.1:8081').meta({
      description: 'Where it listens. Without `token` a loopback address, which only this machine reaches.',
      examples: ['127.0.0.1:8081'],
    }),
    token: credential
      .refine((text) => text.length >= shortestToken, `must have ${shortestToken} characters or more; make one with: openssl rand -hex 32`)
      .optional()
      .meta({
        description:
          'What whoever asks must send as `Authorization: Bearer`, as `${VAR}` or `file:PATH`; health and readiness need none. Defaults to nothing.',
        examples: ['${REMORA_ADMIN_TOKEN}'],
      }),
  })
  .superRefine(({ listen, token }, context) => {
    if (token !== undefined || isLoopback(listen)) return;
    const message = 'must be a loopback address, such as 127.0.0.1:8081, unless admin.token is set: else whoever reaches the port may make keys';
    context.addIssue({ code: 'custom', path: ['listen'], message });
  });
