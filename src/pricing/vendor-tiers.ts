/** Half of the usual price, for every kind of token. */
const half = { factor: 0.5 };

/**
 * What tiers of service cost at vendors that document one factor for all their models, by the catalogue's names of vendors.
 * OpenAI: https://platform.openai.com/docs/guides/flex-processing and https://platform.openai.com/docs/guides/batch.
 * Anthropic: https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing.
 */
const documented: ReadonlyMap<string, Readonly<Record<string, { factor: number }>>> = new Map([
  ['openai', { flex: half, batch: half }],
  ['anthropic', { batch: half }],
]);

/** The tiers of a vendor that have a documented factor; none for a vendor without any. */
export const vendorTiers = (vendor: string | undefined): Readonly<Record<string, { factor: number }>> => documented.get(vendor ?? '') ?? {};
