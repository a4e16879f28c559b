import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type LocalAddress, withoutBrackets } from './address.ts';
import { statPrefix } from './listener.ts';

/** What we ask of a running Envoy, over its admin interface. Every call throws where Envoy does not answer within 2 seconds. */
export interface Admin {
  /** Whether Envoy serves: its clusters are resolved and its listener is open. */
  ready(): Promise<boolean>;
  /** Requests of clients that are under way. */
  activeRequests(): Promise<number>;
  /** How far it is with the file of clusters that it watches. */
  clusterUpdates(): Promise<ClusterUpdates>;
  /** Ends connections after their next answer, while new ones are still taken: what load balancers need to turn away. */
  drain(): Promise<void>;
  /** Takes no more connections. Those that exist go on. */
  closeListeners(): Promise<void>;
}

/** What Envoy has done with its file of clusters. */
export interface ClusterUpdates {
  /** Version of the last file that it took; empty where that named none. */
  version: string;
  /** Clusters whose names are not resolved yet: until then requests to a new one fail. */
  warming: number;
  /** Files that it refused, all or in part. */
  rejected: number;
}

/** The admin interface at an address. */
export function createAdmin(address: LocalAddress): Admin {
  const call = (method: 'GET' | 'POST', path: string): Promise<AdminAnswer> => send(address, method, path);
  return {
    ready: async () => (await call('GET', '/ready')).status === 200,
    async activeRequests() {
      const { body } = await call('GET', `/stats?filter=${encodeURIComponent(`^http.${statPrefix}.downstream_rq_active$`)}`);
      return Number(/: (\d+)/.exec(body)?.[1] ?? 0);
    },
    async clusterUpdates() {
      const { body } = await call(
        'GET',
        `/stats?filter=${encodeURIComponent('^cluster_manager.(cds.version_text|cds.update_rejected|warming_clusters)$')}`,
      );
      const value = (name: string): string => new RegExp(`^cluster_manager\\.${name}: (.*)$`, 'm').exec(body)?.[1] ?? '';
      return {
        version: value('cds\\.version_text').replaceAll('"', ''),
        warming: Number(value('warming_clusters')),
        rejected: Number(value('cds\\.update_rejected')),
      };
    },
    async drain() {
      await call('POST', '/healthcheck/fail');
      await call('POST', '/drain_listeners?graceful&skip_exit');
    },
    async closeListeners() {
      await call('POST', '/drain_listeners');
    },
  };
}

interface AdminAnswer {
  status: number | undefined;
  body: string;
}

async function send(address: LocalAddress, method: 'GET' | 'POST', path: string): Promise<AdminAnswer> {
  const target = 'path' in address ? { socketPath: address.path } : { host: withoutBrackets(address.host), port: address.port };
  return new Promise((resolve, reject) => {
    request({ ...target, method, path, agent: false, signal: AbortSignal.timeout(2000) }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    })
      .once('error', reject)
      .end();
  });
}
