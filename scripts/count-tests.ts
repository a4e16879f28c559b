import { readFileSync } from 'node:fs';
import * as z from 'zod';

// Prints `N passed, N failed, N skipped` from the report of vitest's JSON reporter. A file that fails before its tests do counts as one that failed.

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

const [path = ''] = process.argv.slice(2);
const report = reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
);
const failed = report.numFailedTests + brokenFiles.length;
console.log(`${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped`);
