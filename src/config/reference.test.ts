import { expect, test } from 'vitest';
import { configReference, configSchemaFile } from './reference.ts';

// `npm run docs` runs this file with --update, which writes both pages.
test('docs/config.md says what the schema says (refresh: npm run docs)', async () => {
  await expect(configReference()).toMatchFileSnapshot('../../docs/config.md');
});

test('docs/remora.schema.json says what the schema says (refresh: npm run docs)', async () => {
  await expect(configSchemaFile()).toMatchFileSnapshot('../../docs/remora.schema.json');
});
