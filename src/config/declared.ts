import type { z } from 'zod';
import { valueAt } from './explain.ts';
import type { Path } from './problem.ts';
import { partialModelSchema } from './schema-model.ts';
import { providerSchema } from './schema-provider.ts';
import { ruleSchema } from './schema-rule.ts';
import { partialTenantSchema } from './schema-tenant.ts';
import type { PartialModel, PartialTenant, ProviderConfig, RuleConfig } from './schema.ts';

/** Those parts of a config that satisfy the schema, and all names that it declares. */
export interface Declared {
  providers: ReadonlyMap<string, ProviderConfig>;
  models: ReadonlyMap<string, PartialModel>;
  tenants: ReadonlyMap<string, PartialTenant>;
  providerNames: ReadonlySet<string>;
  modelNames: ReadonlySet<string>;
  tenantNames: ReadonlySet<string>;
  /** Names of the entries of `prices`. */
  priceNames: ReadonlySet<string>;
  /** Routing rules by their place in the list; undefined where one is wrong in itself. */
  rules: readonly (RuleConfig | undefined)[];
  /** The provider that calls go to which pass unread; undefined where none is named. */
  passThroughProvider: string | undefined;
  /** The value at a path as it is written in the file: variables are not replaced, so it may be shown. */
  written: (path: Path) => string;
}

/** What can be checked across fields, also where some of them are wrong in themselves. */
export function declaredIn(data: unknown, written: unknown): Declared {
  return {
    providers: readAll(valueAt(data, ['providers']), (entry) => providerSchema.safeParse(entry).data),
    models: readAll(valueAt(data, ['models']), (entry) => readPartly(partialModelSchema, entry)),
    tenants: readAll(valueAt(data, ['tenants']), (entry) => readPartly(partialTenantSchema, entry)),
    rules: listIn(valueAt(data, ['rules'])).map((entry) => ruleSchema.safeParse(entry).data),
    priceNames: namesIn(valueAt(data, ['prices'])),
    providerNames: namesIn(valueAt(data, ['providers'])),
    modelNames: namesIn(valueAt(data, ['models'])),
    tenantNames: namesIn(valueAt(data, ['tenants'])),
    passThroughProvider: textOrNothing(valueAt(data, ['passThrough', 'provider'])),
    written: (at) => String(valueAt(written, at)),
  };
}

function readAll<Value>(entries: unknown, read: (entry: unknown) => Value | undefined): Map<string, Value> {
  const found = Object.entries(isGroup(entries) ? entries : {}).map(([name, entry]) => [name, read(entry)] as const);
  return new Map(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** What satisfies the schema of an entry, if need be without those of its fields that do not; undefined where that is nothing. */
function readPartly<Schema extends z.ZodType>(schema: Schema, entry: unknown): z.output<Schema> | undefined {
  const whole = schema.safeParse(entry);
  if (whole.success) return whole.data;
  const inner = whole.error.issues.flatMap(faultyFields);
  const withoutInner = schema.safeParse(without(entry, inner));
  if (withoutInner.success) return withoutInner.data;
  const outer = inner.map((path) => path.slice(0, 1));
  return schema.safeParse(without(entry, outer)).data;
}

/** The innermost named fields that an issue is about. Items of lists stay: without one, the others would have other numbers. */
function faultyFields(issue: z.core.$ZodIssue): PropertyKey[][] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...issue.path, key]);
  return [issue.path.slice(0, issue.path.findLastIndex((step) => typeof step === 'string') + 1)];
}

function without(entry: unknown, paths: readonly PropertyKey[][]): unknown {
  const copy = structuredClone(entry);
  for (const path of paths) {
    const parent = valueAt(copy, path.slice(0, -1));
    const field = path.at(-1);
    if (isGroup(parent) && field !== undefined) Reflect.deleteProperty(parent, field);
  }
  return copy;
}

const textOrNothing = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const namesIn = (entries: unknown): Set<string> => new Set(isGroup(entries) ? Object.keys(entries) : []);
const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
