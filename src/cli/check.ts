import { load } from './config.ts';

/** `remora check`: says whether a config can be used, and everything that is wrong with it. */
export function check({ config }: { config: string }): void {
  const { snapshot } = load(config);
  const { endpoints, models, tenants } = snapshot;
  process.stdout.write(`${config} is good: ${count(endpoints, 'provider')}, ${count(models, 'model')}, ${count(tenants, 'tenant')}.\n`);
}

const count = ({ size }: ReadonlyMap<string, unknown>, what: string): string => `${size} ${what}${size === 1 ? '' : 's'}`;
