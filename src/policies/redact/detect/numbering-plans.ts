/** What the world's telephone numbering plans allow, as lookups that cost nothing per number. */
export interface NumberingPlans {
  /** Lengths that a national number may have, by calling code. */
  lengths: ReadonlyMap<string, ReadonlySet<number>>;
  /** Area codes in service in North America, those without a place (800…) included. */
  northAmericanAreas: ReadonlySet<string>;
}

let loading: Promise<NumberingPlans> | undefined;

/** Loads libphonenumber's data when the first exchange needs it: about 0.1 s that a start without phone redaction does not pay. */
export const loadNumberingPlans = (): Promise<NumberingPlans> => (loading ??= load());

/** Asks the library once for everything: a call takes it 20 µs, which a body full of numbers would pay half a million times. */
async function load(): Promise<NumberingPlans> {
  const [{ Metadata, isValidPhoneNumber }, { default: metadata }] = await Promise.all([
    import('libphonenumber-js/core'),
    import('libphonenumber-js/max/metadata'), // the full data: only it tells area codes in service from others
  ]);
  const plans = new Metadata(metadata);
  const lengths = new Map<string, Set<number>>();
  for (const [callingCode, countries] of Object.entries(metadata.country_calling_codes)) {
    const allowed = new Set<number>();
    for (const country of countries) {
      plans.selectNumberingPlan(country);
      for (const length of plans.numberingPlan?.possibleLengths() ?? []) allowed.add(length);
    }
    lengths.set(callingCode, allowed);
  }
  // Numbers without a country (+800, +881…): the library's types tell their codes only.
  for (const callingCode of Object.keys(metadata.nonGeographic)) lengths.set(callingCode, new Set([7, 8, 9, 10, 11, 12]));
  const areas = new Set<string>();
  for (let area = 200; area < 1000; area++) if (isValidPhoneNumber(`+1${area}2345678`, metadata)) areas.add(String(area));
  return { lengths, northAmericanAreas: areas };
}
