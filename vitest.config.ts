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
        },
      },
      {
        // Each of these files starts processes and holds ports: one at a time, after the others.
        test: {
          name: 'e2e',
          include: endToEnd,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
