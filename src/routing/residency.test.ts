import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forbids, restrictionsOf, type RestrictedTenant, type Restrictions } from './residency.ts';

const places = ['eu', 'us', 'ch'];
const types = ['email', 'iban', 'us-ssn'] as const;
type Type = (typeof types)[number];

const tenant = (fields: Partial<RestrictedTenant<Type>> = {}): RestrictedTenant<Type> => ({
  residency: undefined,
  regions: undefined,
  privacy: undefined,
  ...fields,
});
const privacy = (keepInHouse: Type[], keepIn: Partial<Record<Type, string[]>> = {}) => ({
  keepInHouse: new Set(keepInHouse),
  keepIn: new Map(Object.entries(keepIn).map(([type, allowed]) => [type as Type, new Set(allowed)])),
});
const at = (residency?: string, region?: string, selfHosted = false) => ({ residency, region, selfHosted });

test('all endpoints may serve a tenant that is not restricted', () => {
  expect(forbids(at(), restrictionsOf(tenant(), types))).toBeUndefined();
  expect(forbids(at('us', 'us-east-1'), {})).toBeUndefined();
});

test('an endpoint serves only those who may be served where it is', () => {
  const restricted = restrictionsOf(tenant({ residency: new Set(['eu', 'ch']) }), []);
  expect(forbids(at('eu'), restricted)).toBeUndefined();
  expect(forbids(at('us'), restricted)).toBe("the provider's residency is us, and it must be eu or ch");
  const regional = restrictionsOf(tenant({ regions: new Set(['eu-central-1']) }), []);
  expect(forbids(at('eu', 'eu-central-1'), regional)).toBeUndefined();
  expect(forbids(at('eu', 'eu-west-1'), regional)).toBe("the provider's region is eu-west-1, and it must be eu-central-1");
});

test('an endpoint that does not say where it is serves nobody who is restricted', () => {
  expect(forbids(at(), restrictionsOf(tenant({ residency: new Set(['eu']) }), []))).toBe("the provider's residency is not known, and it must be eu");
  expect(forbids(at('eu'), restrictionsOf(tenant({ regions: new Set(['eu-1']) }), []))).toBe(
    "the provider's region is not known, and it must be eu-1",
  );
});

test('to be run by the operator is no residency', () => {
  expect(forbids(at(undefined, undefined, true), { residency: new Set(['eu']) })).toBeDefined();
});

describe('personal data', () => {
  const guarded = tenant({ privacy: privacy(['us-ssn'], { iban: ['eu', 'ch'], email: ['eu', 'us'] }) });

  test('restricts nothing until it is found', () => {
    expect(forbids(at('us'), restrictionsOf(guarded, []))).toBeUndefined();
  });

  test('that must stay in the house goes to what the operator runs alone', () => {
    expect(forbids(at('us'), restrictionsOf(guarded, ['us-ssn']))).toBe(
      'the provider is not self-hosted, and personal data in the request must stay in the house',
    );
    expect(forbids(at(undefined, undefined, true), restrictionsOf(guarded, ['us-ssn']))).toBeUndefined();
  });

  test('of several types goes only where each of them may', () => {
    expect(forbids(at('ch'), restrictionsOf(guarded, ['iban']))).toBeUndefined();
    expect(forbids(at('ch'), restrictionsOf(guarded, ['iban', 'email']))).toBe("the provider's residency is ch, and it must be eu");
    expect(forbids(at('eu'), restrictionsOf(guarded, ['iban', 'email']))).toBeUndefined();
  });

  test('that may go nowhere its tenant may goes nowhere', () => {
    const elsewhere = restrictionsOf({ ...guarded, residency: new Set(['us']) }, ['iban']);
    for (const place of places) expect(forbids(at(place), elsewhere)).toMatch(/none would be right/);
  });
});

describe('with any restrictions', () => {
  const someOf = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values)).map((list) => new Set(list));
  const anyTenant: fc.Arbitrary<RestrictedTenant<Type>> = fc.record({
    residency: fc.option(someOf(places), { nil: undefined }),
    regions: fc.option(someOf(places), { nil: undefined }),
    privacy: fc.option(
      fc.record({
        keepInHouse: someOf(types),
        keepIn: fc
          .uniqueArray(fc.tuple(fc.constantFrom(...types), someOf(places)), { selector: ([type]) => type })
          .map((entries) => new Map(entries)),
      }),
      { nil: undefined },
    ),
  });
  const place = fc.option(fc.constantFrom(...places), { nil: undefined });
  const anyEndpoint = fc.record({ residency: place, region: place, selfHosted: fc.boolean() });

  test('what is found besides never permits more', () => {
    fc.assert(
      fc.property(anyTenant, fc.subarray([...types]), fc.subarray([...types]), anyEndpoint, (who, found, besides, endpoint) => {
        const before = forbids(endpoint, restrictionsOf(who, found));
        const after = forbids(endpoint, restrictionsOf(who, [...found, ...besides]));
        expect(before === undefined || after !== undefined).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a tenant that is restricted more is never permitted more', () => {
    const fewer = (set: ReadonlySet<string> | undefined, some: ReadonlySet<string>) => set?.intersection(some) ?? some;
    fc.assert(
      fc.property(anyTenant, someOf(places), someOf(types), fc.subarray([...types]), anyEndpoint, (who, some, kept, found, endpoint) => {
        const before = forbids(endpoint, restrictionsOf(who, found));
        if (before === undefined) return;
        const stricter: RestrictedTenant<Type>[] = [
          { ...who, residency: fewer(who.residency, some) },
          { ...who, regions: fewer(who.regions, some) },
          {
            ...who,
            privacy: {
              keepInHouse: kept.union(who.privacy?.keepInHouse ?? new Set()),
              keepIn: new Map(types.map((type) => [type, fewer(who.privacy?.keepIn.get(type), some)])),
            },
          },
        ];
        for (const each of stricter) expect(forbids(endpoint, restrictionsOf(each, found))).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  test('an endpoint is permitted just if it meets each of them', () => {
    fc.assert(
      fc.property(anyTenant, fc.subarray([...types]), anyEndpoint, (who, found, endpoint) => {
        const isPermitted = forbids(endpoint, restrictionsOf(who, found)) === undefined;
        const allowed = [who.residency, ...found.map((type) => who.privacy?.keepIn.get(type))].filter((set) => set !== undefined);
        const isRight =
          allowed.every((set) => endpoint.residency !== undefined && set.has(endpoint.residency)) &&
          (who.regions === undefined || (endpoint.region !== undefined && who.regions.has(endpoint.region))) &&
          (endpoint.selfHosted || !found.some((type) => who.privacy?.keepInHouse.has(type)));
        expect(isPermitted).toBe(isRight);
      }),
      { numRuns: 500 },
    );
  });

  test('the order in which they are found does not matter', () => {
    const outcome = (who: RestrictedTenant<Type>, found: readonly Type[]): Restrictions => restrictionsOf(who, found);
    fc.assert(
      fc.property(anyTenant, fc.shuffledSubarray([...types]), (who, found) => {
        expect(outcome(who, found)).toEqual(outcome(who, found.toReversed()));
      }),
    );
  });
});
