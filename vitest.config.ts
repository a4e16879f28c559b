import { defineConfig } from 'vitest/config';

const endToEnd = ['test/e2e/**/*.test.ts', 'test/matrix/**/*.test.ts'];

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
        // Each of these files starts processes of its own on free ports, and mostly waits: two at a time, after the others.
        test: {
          name: 'e2e',
          include: endToEnd,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
