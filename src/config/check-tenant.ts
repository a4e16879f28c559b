import { personalDataTypes } from '../policies/tenant.ts';
import { checkModelNames, checkTwice, unknownName } from './check-names.ts';
import type { TermsConfig } from './compile-terms.ts';
import type { Declared } from './declared.ts';
import { fieldName, type Finding, type Path } from './problem.ts';
import type { LimitConfig } from './schema-terms.ts';
import type { PartialTenant } from './schema.ts';

/** What is wrong with tenants beyond single fields: names that lead nowhere, loops, and what their parents do not allow. */
export const checkTenants = (declared: Declared): Finding[] => [
  ...[...declared.tenants].flatMap(([name, tenant]) => checkTenant(name, tenant, declared)),
  ...checkHashes(declared.tenants),
];

/** Limits of models and providers are of themselves: they need no filter. */
export function checkShared({ models, providers }: Declared): Finding[] {
  const of = (top: string, entries: Iterable<[string, { limits?: readonly LimitConfig[] | undefined }]>): Finding[] =>
    [...entries].flatMap(([name, { limits = [] }]) =>
      limits.flatMap((limit, index) =>
        (['model', 'provider'] as const).flatMap((field) =>
          limit[field] === undefined ? [] : [{ path: [top, name, 'limits', index, field], message: 'means nothing here; take it out' }],
        ),
      ),
    );
  return [...of('models', models), ...of('providers', providers)];
}

function checkTenant(name: string, tenant: PartialTenant, declared: Declared): Finding[] {
  const { keys = [], models = [], privacy, perUser } = tenant;
  const path = ['tenants', name];
  return [
    ...checkParent([...path, 'parent'], name, tenant, declared),
    ...checkTerms(path, tenant, declared),
    ...(perUser === undefined ? [] : checkTerms([...path, 'perUser'], perUser, declared)),
    ...keys.flatMap((key, index) => [
      ...checkTerms([...path, 'keys', index], key, declared),
      ...checkModelNames([...path, 'keys', index, 'models'], key.models ?? [], declared),
      ...checkWithin([...path, 'keys', index, 'models'], key.models ?? [], tenant.models, `tenant "${name}" may not use it`),
    ]),
    ...checkTwice(
      [...path, 'keys'],
      keys.map((key) => key.name),
      'a name that an earlier key has; give each its own',
      'name',
    ),
    ...checkModelNames([...path, 'models'], models, declared),
    ...checkTwice([...path, 'privacy', 'redact'], privacy?.redact ?? [], 'listed twice; keep one'),
    ...checkKept([...path, 'privacy'], privacy),
  ];
}

/** Only what redaction looks for can be kept anywhere. */
function checkKept(path: Path, privacy: PartialTenant['privacy']): Finding[] {
  if (privacy === undefined) return [];
  const looked = new Set(privacy.redact);
  const message = 'is not looked for: put it into redact as well';
  return [
    ...privacy.keepInHouse.flatMap((type, index) => (looked.has(type) ? [] : [{ path: [...path, 'keepInHouse', index], message }])),
    ...personalDataTypes.flatMap((type) =>
      privacy.keepIn[type] === undefined || looked.has(type) ? [] : [{ path: [...path, 'keepIn', type], message }],
    ),
  ];
}

/** The parent must be there, and nobody around itself. What is asked for must be what it allows. */
function checkParent(
  path: Path,
  name: string,
  { parent, models, residency, regions, passThrough }: PartialTenant,
  { tenants, tenantNames, written }: Declared,
): Finding[] {
  if (parent === undefined) return [];
  if (!tenantNames.has(parent)) return [{ path, message: unknownName('tenant', written(path), tenantNames) }];
  const around = ancestors(name, tenants);
  if (around.includes(name)) return [{ path, message: `leads back to ${name}: ${[name, ...around].join(', ')}; a tenant cannot be around itself` }];
  const at = (field: string): Path => ['tenants', name, field];
  const outer = <Value>(pick: (tenant: PartialTenant) => Value | undefined): Value | undefined =>
    around
      .map((each) => tenants.get(each))
      .flatMap((each) => (each === undefined ? [] : [pick(each)]))
      .find((value) => value !== undefined);
  const isForbidden = passThrough === true && around.some((each) => tenants.get(each)?.passThrough === false);
  return [
    ...checkWithin(
      at('models'),
      models ?? [],
      outer((each) => each.models),
      'a tenant around this one does not allow it',
    ),
    ...checkWithin(
      at('residency'),
      residency ?? [],
      outer((each) => each.residency),
      'a tenant around this one does not allow it',
    ),
    ...checkWithin(
      at('regions'),
      regions ?? [],
      outer((each) => each.regions),
      'a tenant around this one does not allow it',
    ),
    ...(isForbidden ? [{ path: at('passThrough'), message: 'is forbidden by a tenant around this one' }] : []),
  ];
}

/** Names of the tenants around one, from the nearest; where they run in a loop, each once. */
function ancestors(name: string, tenants: ReadonlyMap<string, PartialTenant>): string[] {
  const found: string[] = [];
  for (let next = tenants.get(name)?.parent; next !== undefined && !found.includes(next); next = tenants.get(next)?.parent) found.push(next);
  return found;
}

const checkWithin = (path: Path, names: readonly string[], allowed: readonly string[] | undefined, why: string): Finding[] =>
  names.flatMap((name, index) => (allowed?.includes(name) === false ? [{ path: [...path, index], message: `is not allowed here: ${why}` }] : []));

type PartialTerms = { readonly [Field in keyof TermsConfig]?: TermsConfig[Field] | undefined };

/** Models and providers that limits, budgets and their steps name. */
function checkTerms(path: Path, { limits = [], budget, budgets = [] }: PartialTerms, declared: Declared): Finding[] {
  const { modelNames, providerNames, written } = declared;
  const named = (at: Path, what: 'model' | 'provider', name: string | undefined, known: ReadonlySet<string>): Finding[] =>
    name === undefined || known.has(name) ? [] : [{ path: at, message: unknownName(what, written(at), known) }];
  const all = [
    ...limits.map((entry, index) => ({ at: [...path, 'limits', index], entry })),
    ...(budget === undefined ? [] : [{ at: [...path, 'budget'], entry: budget }]),
    ...budgets.map((entry, index) => ({ at: [...path, 'budgets', index], entry })),
  ];
  const sameLimit = limits.map((limit) =>
    JSON.stringify([limit.requests !== undefined, limit.tokens !== undefined, limit.per, limit.model, limit.provider]),
  );
  return [
    ...checkTwice([...path, 'limits'], sameLimit, 'a limit of what an earlier one limits; keep the lower one'),
    ...all.flatMap(({ at, entry }) => [
      ...named([...at, 'model'], 'model', entry.model, modelNames),
      ...named([...at, 'provider'], 'provider', entry.provider, providerNames),
      ...('ladder' in entry ? entry.ladder : []).flatMap((step, index) => named([...at, 'ladder', index, 'use'], 'model', step.use, modelNames)),
    ]),
  ];
}

/** A key must name one tenant. */
function checkHashes(tenants: ReadonlyMap<string, PartialTenant>): Finding[] {
  const first = new Map<string, Path>();
  return [...tenants].flatMap(([name, { keys = [] }]) =>
    keys.flatMap(({ hash }, index) => {
      const path = ['tenants', name, 'keys', index, 'hash'];
      const earlier = first.get(hash);
      if (earlier === undefined) first.set(hash, path);
      return earlier === undefined ? [] : [{ path, message: `is the hash of ${fieldName(earlier)} too; a key names one tenant, so make another` }];
    }),
  );
}
