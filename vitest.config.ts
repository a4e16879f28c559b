import { defineConfig } from 'vitest/config';

const endToEnd = ['test/e2e/**/*.test.ts', 'test/matrix/**/*.test.ts'];
/** End-to-end tests that mostly wait: for rests, probes and reloads. */
const waiting = ['test/e2e/{edge,examples,reload,resilience-*,routing-*}.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: endToEnd,
          testTimeout: 30_000, // property tests take their time on a busy machine
        },
      },
      {
        // Each of these files starts processes and holds ports: one at a time, after the others.
        test: {
          name: 'e2e',
          include: endToEnd,
          exclude: waiting,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e-waiting',
          include: waiting,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
