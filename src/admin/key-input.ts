import { z } from 'zod';
import { toBudget, toLimit } from '../config/compile-terms.ts';
import { explainIssues } from '../config/explain.ts';
import { fieldName } from '../config/problem.ts';
import { shortName } from '../config/schema-names.ts';
import { budgetSchema, limitSchema } from '../config/schema-terms.ts';
import { network, userName } from '../config/values.ts';
import type { VirtualKey } from '../identity/virtual-key.ts';
import { durationMsOf, instantOf } from '../usage/moment.ts';
import { AdminError } from './admin-error.ts';

const changes = {
  models: z.array(z.string()).min(1).nullish(),
  networks: z.array(network).min(1).max(100).nullish(),
  expires: z.string().nullish(),
  limits: z.array(limitSchema).max(50).optional(),
  budgets: z.array(budgetSchema).max(20).optional(),
};

const newKeySchema = z.strictObject({ name: shortName, tenant: z.string(), user: userName.nullish(), ...changes });
const changedKeySchema = z.strictObject({ name: shortName.optional(), ...changes });

/** What is asked of a new key. */
export type NewKey = Pick<VirtualKey, 'name' | 'tenant' | 'user'> & KeyRestrictions;

/** What a key may, and until when. */
export type KeyRestrictions = Pick<VirtualKey, 'models' | 'networks' | 'expiresAt' | 'limits' | 'budgets'>;

export interface InputContext {
  now: number;
  /** Where the days of the tenant's budgets begin. */
  timeZone: (tenant: string) => string;
}

/** Reads what a key is to be made of. Throws AdminError. */
export function readNewKey(body: unknown, { now, timeZone }: InputContext): NewKey {
  const input = parsed(newKeySchema, body);
  return {
    name: input.name,
    tenant: input.tenant,
    user: input.user ?? undefined,
    models: input.models ?? undefined,
    networks: input.networks ?? undefined,
    expiresAt: readExpiry(input.expires, now),
    limits: (input.limits ?? []).map(toLimit),
    budgets: (input.budgets ?? []).map((budget) => toBudget(budget, timeZone(input.tenant))),
  };
}

/** Reads what is to become of a key: fields that are left out stay, and null takes a restriction away. Throws AdminError. */
export function readKeyChange(body: unknown, { now, timeZone }: InputContext): (key: VirtualKey) => VirtualKey {
  const input = parsed(changedKeySchema, body);
  const expiresAt = readExpiry(input.expires, now);
  return (key) => ({
    ...key,
    ...(input.name !== undefined && { name: input.name }),
    ...(input.models !== undefined && { models: input.models ?? undefined }),
    ...(input.networks !== undefined && { networks: input.networks ?? undefined }),
    ...(input.expires !== undefined && { expiresAt }),
    ...(input.limits !== undefined && { limits: input.limits.map(toLimit) }),
    ...(input.budgets !== undefined && { budgets: input.budgets.map((budget) => toBudget(budget, timeZone(key.tenant))) }),
  });
}

const longestOverlapMs = 90 * 86_400_000;

/** Reads for how long a rotated key stays valid beside the new one, in milliseconds. Throws AdminError. */
export function readOverlap(body: unknown): number {
  const { overlap } = parsed(z.strictObject({ overlap: z.string().default('24h') }), body ?? {});
  const ms = durationMsOf(overlap);
  if (ms !== undefined && ms <= longestOverlapMs) return ms;
  throw new AdminError('invalid-request', '"overlap" must be a time from 0s to 90d, such as 24h: the old key is valid for as long.');
}

/** A moment, or a time from now. */
function readExpiry(text: string | null | undefined, now: number): number | undefined {
  if (text === undefined || text === null) return undefined;
  const duration = durationMsOf(text);
  const expiresAt = duration === undefined ? instantOf(text) : now + duration;
  if (expiresAt === undefined)
    throw new AdminError('invalid-request', '"expires" must be a moment such as 2027-01-01T00:00:00Z, or a time from now such as 90d.');
  if (expiresAt <= now) throw new AdminError('invalid-request', '"expires" must be in the future; to end a key now, disable or delete it.');
  return expiresAt;
}

/** Where a key's fields stand in the config, whose schema has sentences for what may be wrong with them. */
const keyPath = ['tenants', 'any', 'keys', 0] as const;

/** What a schema makes of a body. Throws AdminError with everything that is wrong in it. */
export function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AdminError('invalid-request', 'Send a JSON object, such as {"name": "…"}.');
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...keyPath, ...issue.path] }));
  const findings = explainIssues(issues, { tenants: { any: { keys: [body] } } });
  const sentences = findings.map(({ path, message }) => `"${fieldName(path.slice(keyPath.length))}" ${message}${message.endsWith('?') ? '' : '.'}`);
  throw new AdminError('invalid-request', [...new Set(sentences)].join(' '));
}
