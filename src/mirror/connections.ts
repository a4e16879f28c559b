import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Endpoint } from '../routing/deployment.ts';
import { CopyFailure } from './copy-failure.ts';

/** How long an idle connection is kept, in milliseconds: less than the servers that close theirs the soonest (uvicorn, 5 s), for a request on a closed one is lost. */
const idleMs = 4000;

/** What keeps the connections to each endpoint. Nothing of it holds the process, or an endpoint that no config has any more. */
export interface Connections {
  /** Rejects with CopyFailure where the roots cannot be read. */
  agentOf(endpoint: Endpoint): Promise<HttpAgent>;
}

/** `systemCaFile` has the roots for endpoints that name none; undefined for those that Node.js brings along. */
export function createConnections(systemCaFile: string | undefined): Connections {
  const agents = new WeakMap<Endpoint, Promise<HttpAgent>>();
  let systemRoots: Promise<SecureContext> | undefined;

  async function connect({ baseUrl, caFile, name }: Endpoint): Promise<HttpAgent> {
    const kept = { keepAlive: true, timeout: idleMs, maxFreeSockets: 4 };
    if (baseUrl.protocol !== 'https:') return new HttpAgent(kept);
    if (caFile !== undefined) return new HttpsAgent({ ...kept, secureContext: await rootsIn(caFile, name) });
    // Reading 150 certificates takes 30 ms.
    systemRoots ??= systemCaFile === undefined ? Promise.resolve(createSecureContext()) : rootsIn(systemCaFile, name);
    return new HttpsAgent({ ...kept, secureContext: await systemRoots });
  }

  return {
    agentOf(endpoint) {
      const known = agents.get(endpoint);
      if (known !== undefined) return known;
      const agent = connect(endpoint);
      agents.set(endpoint, agent);
      agent.catch(() => {
        agents.delete(endpoint); // the file may be there the next time
        systemRoots = undefined;
      });
      return agent;
    },
  };
}

async function rootsIn(caFile: string, name: string): Promise<SecureContext> {
  try {
    return createSecureContext({ ca: await readFile(caFile) });
  } catch (cause) {
    throw new CopyFailure('unreachable', `The root certificates for ${name} cannot be read from ${caFile}.`, { cause });
  }
}
