import { expect, test } from 'vitest';
import { addressOfProcess } from './sidecar-processes.ts';

test.each([
  [{ path: '/run/remora/extproc.sock' }, 0, { path: '/run/remora/extproc.sock' }],
  [{ path: '/run/remora/extproc.sock' }, 1, { path: '/run/remora/extproc.1.sock' }],
  [{ path: '/run/remora.d/extproc' }, 12, { path: '/run/remora.d/extproc.12' }],
  [{ host: '127.0.0.1', port: 9000 }, 0, { host: '127.0.0.1', port: 9000 }],
  [{ host: '127.0.0.1', port: 9000 }, 3, { host: '127.0.0.1', port: 9003 }],
])('beside %j process %i listens at %j', (first, index, address) => {
  expect(addressOfProcess(first, index)).toEqual(address);
});
