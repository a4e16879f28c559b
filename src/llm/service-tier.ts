/** Names of the usual tier; `auto` stands in requests, and in answers that have only begun. */
const usual: ReadonlySet<string> = new Set(['default', 'standard', 'standard_only', 'auto', 'on_demand', 'unspecified', 'traffic_type_unspecified']);

/** Google Cloud's words (`trafficType`) for what others call tiers. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['on_demand_priority', 'priority'],
  ['on_demand_flex', 'flex'],
  ['on_demand_offpeak', 'offpeak'],
  ['provisioned_throughput', 'provisioned'],
]);

/** How a tier may be named: what providers write ends up in ledger and config. */
export const tierName = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** The tier of service that a provider's word stands for; empty for the usual one, and for what is no word. */
export function serviceTierOf(word: unknown): string {
  if (typeof word !== 'string') return '';
  const name = word.toLowerCase();
  if (usual.has(name)) return '';
  return renamed.get(name) ?? (tierName.test(name) ? name : '');
}
