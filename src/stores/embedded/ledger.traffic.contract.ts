import { runTraffic, trafficAt } from '../ledger.traffic.contract.ts';
import { createEmbeddedLedger } from './ledger.ts';

/** The process that crash tests kill: `node ledger.traffic.contract.ts PATH FIRST`. */
const [path = '', first = '1'] = process.argv.slice(2);
await runTraffic(createEmbeddedLedger({ path, now: () => trafficAt, flushIntervalMs: 1, onEvent: () => {} }), Number(first));
