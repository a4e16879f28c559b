import { z } from 'zod';

/** Names of providers become names of Envoy clusters and those of tenants labels of metrics, so their letters are few. */
export const shortName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be a name of lower-case letters, digits, "-" and "_", 63 at most');
export const modelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/, 'must be a name of letters, digits and . _ : / @ -, 128 at most, with a letter or digit first');

/** A region or a residency, in the operator's own words. */
export const place = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and "-", such as eu or eu-central-1');

export const dollars = (what: string) => z.number().min(0).max(1_000_000_000).meta({ description: what });
