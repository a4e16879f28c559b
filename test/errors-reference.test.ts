import { expect, test } from 'vitest';
import { catalog } from '../src/errors.ts';

const heading = `# Errors

Every error of the gateway's own, as clients get it: in the shape of their protocol, with the code in \`error.code\` and in the header \`x-remora-error\`.
Those that a retry cannot cure carry \`x-should-retry: false\`, which the vendors' SDKs obey. Errors of providers pass with their own status, type and message.

<!-- Generated from src/errors.ts by \`npm run docs\`. -->

| code | status | retry | meaning |
|---|---|---|---|
`;

test('docs/errors.md lists the catalogue (npm run docs refreshes it)', async () => {
  const rows = Object.entries(catalog).map(
    ([code, { status, retryable, meaning }]) => `| \`${code}\` | ${status} | ${retryable ? 'may help' : 'no'} | ${meaning} |`,
  );
  await expect(`${heading}${rows.join('\n')}\n`).toMatchFileSnapshot('../docs/errors.md');
});
