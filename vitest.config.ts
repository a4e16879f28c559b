import { resolve } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

const endToEnd = ['test/e2e/**/*.test.ts', 'test/matrix/**/*.test.ts'];

/** Unit tests that need modules of their own: they replace one, count the timers of all, or read the tokenizer's vocabulary, after which tokens are counted in another way. */
const alone = [
  'src/admission/gates.test.ts',
  'src/routing/features-of.test.ts',
  'src/routing/tokens/count.test.ts',
  'src/routing/tokens/estimate.test.ts',
  'src/routing/tokens/request-tokens.test.ts',
];

/** The longest files, which start first, so that no worker is left with one of them at the end. */
const longest = [
  'e2e/up.',
  'matrix/matrix.',
  'e2e/edge.',
  'e2e/reload.',
  'e2e/hard-limit.',
  'e2e/examples.',
  'e2e/admin.',
  'e2e/trace.',
  'e2e/budget.',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((name) => moduleId.includes(`/test/${name}`));
      return found < 0 ? longest.length : found;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own
    const asUsual = await super.sort(files);
    return asUsual.toSorted((one, other) => rank(one) - rank(other));
  }
}

/** Processes that tests start read each other's compiled modules: so a gateway is up in two thirds of the time. */
const env = { NODE_COMPILE_CACHE: resolve('.remora/compile-cache') };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...endToEnd, ...alone],
          env,
          testTimeout: 30_000, // property tests take their time on a busy machine
          isolate: false, // modules keep next to nothing, and loading them anew for each file takes longer than the tests
          maxWorkers: '100%',
        },
      },
      {
        test: { name: 'unit-alone', include: alone, env, testTimeout: 30_000, maxWorkers: '100%' },
      },
      {
        // Each of these files starts processes of its own on free ports, and waits much: three at a time even on two cores, after the others.
        test: {
          name: 'e2e',
          include: endToEnd,
          env,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
