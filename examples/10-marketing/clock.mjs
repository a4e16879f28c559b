// A clock that can be moved, for trying out a month in a minute: write an instant into the file that $CLOCK names, such as
// 2026-11-30T22:59:50Z, and the gateway's clock goes on from there. Loaded by NODE_OPTIONS; nothing of it is part of Remora.
import { readFileSync, statSync } from 'node:fs';

const file = process.env.CLOCK ?? '';
const real = Date.now.bind(Date);
let ahead = 0;
let seen = 0;

Date.now = () => {
  const changed = Math.round(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (changed !== seen) {
    seen = changed;
    const instant = Date.parse(readFileSync(file, 'utf8').trim());
    if (!Number.isNaN(instant)) ahead = instant - changed;
  }
  return real() + ahead;
};
