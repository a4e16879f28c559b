import { openaiChat } from '../protocols/openai-chat/index.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { api } from '../providers/provider.ts';
import type { Deployment, ErrorClass } from '../routing/deployment.ts';
import { deployment } from '../routing/deployment.fixture.ts';
import type { Conversation, Message, Proceed, Reply, ResponseHeaders } from './message.ts';
import type { WatchedExchange } from './registry.ts';
import type { Watched, WatchedAttempt } from './verdict.ts';

/** An attempt that is looked at, and what the exchange was told. */
export interface Stage extends WatchedAttempt {
  told: string[];
}

export interface StageOptions {
  /** Names of the chain's providers. */
  chain?: readonly string[];
  number?: number;
  /** Whether bodies of errors are read. */
  inspect?: boolean;
  protocol?: Protocol;
  /** Providers of the chains of kinds of failure; other kinds have none of their own. */
  rerouted?: Partial<Record<ErrorClass, readonly string[]>>;
  watch?: Partial<WatchedExchange>;
}

/** An exchange whose chain is `a`, `b`, where nothing else is said. */
export function setStage({
  chain = ['a', 'b'],
  number = 1,
  inspect = true,
  protocol = openaiChat,
  rerouted = {},
  watch = {},
}: StageOptions = {}): Stage {
  const at = (name: string): Deployment => deployment(name, 'model', { inspect });
  const told: string[] = [];
  let live = chain.map(at);
  const behind = (rest: Deployment[]): Deployment[] => (live = [...live.slice(0, number), ...rest]);
  const exchange: Watched = {
    get chain() {
      return live;
    },
    watch: {
      apiOf: () => api(protocol, '/'),
      fallbackOn: ['5xx', 401, 402, 403, 408, 429],
      reroute: (_, found) => (rerouted[found] === undefined ? undefined : behind(rerouted[found].map(at))),
      skipRetries: (made) => behind(live.slice(number).filter(({ endpoint }) => endpoint.name !== live[made - 1]?.endpoint.name)),
      told: (made, what) => told.push(`${made}: ${what}`),
      needsContent: true,
      ...watch,
    },
  };
  return { number, exchange, now: () => 0, told };
}

export const answer = (
  status: number,
  { headers = {}, endOfStream = false }: { headers?: Record<string, string>; endOfStream?: boolean } = {},
): ResponseHeaders => ({
  type: 'response-headers',
  headers: new Map([[':status', String(status)], ['content-type', 'application/json'], ...Object.entries(headers)]),
  endOfStream,
  attributes: new Map(),
});

export const body = (data: object | string, endOfStream = true): Message => ({
  type: 'response-body',
  body: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
  endOfStream,
});

/** What a conversation says to messages; the first opened it. */
export async function repliesOf(conversation: Conversation, messages: readonly Message[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const message of messages) {
    for (;;) {
      const step = await conversation.next(message);
      if (step.done === true) return replies;
      replies.push(step.value);
      if (step.value.type !== 'wait') break;
    }
  }
  await conversation.return();
  return replies;
}

/** What Envoy is told of an answer: why it fails, as what status, and the clusters that follow. */
export function verdictIn(reply: Proceed | undefined): { why?: string; status?: string; chain?: string[] } {
  const set = new Map(reply?.setHeaders);
  const groups = reply?.metadata?.['remora.chain']?.['priority_groups'];
  const clusters = Array.isArray(groups) ? (JSON.parse(JSON.stringify(groups)) as { clusters: { cluster_name: string }[] }[]) : undefined;
  const why = set.get('x-remora-retry');
  const status = set.get(':status');
  return {
    ...(why !== undefined && { why }),
    ...(status !== undefined && { status }),
    ...(clusters && { chain: clusters.map(({ clusters: [only] }) => only?.cluster_name.replace(/\..*/, '') ?? '') }),
  };
}
