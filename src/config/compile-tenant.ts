import type { VirtualKey } from '../identity/virtual-key.ts';
import type { PersonalDataType, Privacy, Tenant } from '../policies/tenant.ts';
import { toTerms } from './compile-terms.ts';
import type { TenantConfig } from './schema.ts';

/** All tenants, each with what it inherits: limits and budgets are added up, and lists can only be narrowed. */
export function toTenants(configs: Readonly<Record<string, TenantConfig>>): Map<string, Tenant> {
  const tenants = new Map<string, Tenant>();
  const add = (name: string): Tenant => {
    const known = tenants.get(name);
    if (known !== undefined) return known;
    const config = configs[name];
    if (config === undefined) throw new Error(`tenant "${name}" was not checked before the config was compiled`);
    const tenant = toTenant(name, config, zoneOf(config, configs), config.parent === undefined ? undefined : add(config.parent));
    tenants.set(name, tenant);
    return tenant;
  };
  for (const name of Object.keys(configs)) add(name);
  return tenants;
}

/** A tenant's own time zone, or the nearest one around it. */
function zoneOf({ timeZone, parent }: TenantConfig, configs: Readonly<Record<string, TenantConfig>>): string {
  const outer = parent === undefined ? undefined : configs[parent];
  return timeZone ?? (outer === undefined ? 'UTC' : zoneOf(outer, configs));
}

function toTenant(name: string, config: TenantConfig, timeZone: string, parent: Tenant | undefined): Tenant {
  return Object.freeze({
    name,
    chain: parent === undefined ? ([name] as const) : ([...parent.chain, name] as const),
    terms: [...(parent?.terms ?? []), toTerms(`tenant:${name}`, config, timeZone)],
    perUser: config.perUser && toTerms('', config.perUser, timeZone),
    timeZone,
    ownKeys: config.ownKeys ?? parent?.ownKeys ?? false,
    models: narrowed(parent?.models, config.models),
    residency: narrowed(parent?.residency, config.residency),
    regions: narrowed(parent?.regions, config.regions),
    priority: config.priority ?? parent?.priority ?? 'normal',
    passThrough: (config.passThrough ?? parent?.passThrough ?? false) && parent?.passThrough !== false,
    privacy: narrowedPrivacy(parent?.privacy, config.privacy && toPrivacy(config.privacy)),
  });
}

/** What both lists have; undefined stands for everything. */
function narrowed(outer: ReadonlySet<string> | undefined, own: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (own === undefined) return outer;
  return new Set(outer === undefined ? own : own.filter((name) => outer.has(name)));
}

const toPrivacy = ({ redact, restore, keepInHouse, keepIn }: NonNullable<TenantConfig['privacy']>): Privacy => ({
  redact: new Set(redact),
  keepInHouse: new Set(keepInHouse),
  keepIn: new Map(Object.entries(keepIn).map(([type, places]) => [type as PersonalDataType, new Set(places)])),
  restore,
});

/** What either asks for: more is redacted, more stays in the house, and in fewer places. */
function narrowedPrivacy(outer: Privacy | undefined, own: Privacy | undefined): Privacy | undefined {
  if (outer === undefined || own === undefined) return own ?? outer;
  const types = new Set([...outer.keepIn.keys(), ...own.keepIn.keys()]);
  return {
    redact: new Set([...outer.redact, ...own.redact]),
    keepInHouse: new Set([...outer.keepInHouse, ...own.keepInHouse]),
    keepIn: new Map(
      [...types].map((type) => [type, narrowed(outer.keepIn.get(type), own.keepIn.get(type) && [...(own.keepIn.get(type) ?? [])]) ?? new Set()]),
    ),
    restore: outer.restore && own.restore,
  };
}

/** The virtual keys that the config declares. Their ids are `TENANT/NAME`. */
export function toKeys(configs: Readonly<Record<string, TenantConfig>>): VirtualKey[] {
  return Object.entries(configs).flatMap(([tenant, config]) => {
    const timeZone = zoneOf(config, configs);
    return config.keys.map((key): VirtualKey => {
      const { limits, budgets } = toTerms('', key, timeZone);
      return Object.freeze({
        id: `${tenant}/${key.name}`,
        name: key.name,
        tenant,
        user: key.user,
        hash: key.hash,
        previous: undefined,
        createdAt: 0,
        expiresAt: key.expires,
        disabledAt: key.disabled ? 0 : undefined,
        removedAt: undefined,
        models: key.models,
        networks: key.networks,
        limits,
        budgets,
      });
    });
  });
}
