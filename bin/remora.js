#!/usr/bin/env node
import { existsSync } from 'node:fs';

const oldest = 24;

if (Number(process.versions.node.split('.')[0]) < oldest) {
  console.error(
    `remora needs Node ${oldest} or newer and this is ${process.version}: ` +
      'start it with `npx remora` in its folder after `npm ci` (which brings that Node on Linux), or install Node 24.',
  );
  process.exit(1);
}

// A checkout runs its sources, never a stale build of them; a package or image has only the build.
const sources = new URL('../src/main.ts', import.meta.url);
const main = existsSync(sources) ? sources : new URL('../dist/main.js', import.meta.url);
await import(main.href);
