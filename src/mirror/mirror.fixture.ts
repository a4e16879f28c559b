import { createBodyMemory } from '../admission/body-memory.ts';
import { tenant } from '../policies/tenant.fixture.ts';
import { createPrices } from '../pricing/prices.ts';
import { ClientRequest } from '../protocols/client-request.ts';
import { FakeQuotas } from '../quotas/quotas.fixture.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { createSeals } from '../protocols/seal.ts';
import type { Provider } from '../providers/provider.ts';
import { deployment, endpoint } from '../routing/deployment.fixture.ts';
import type { Deployment, Endpoint } from '../routing/deployment.ts';
import type { MirrorJob } from './mirror-job.ts';
import type { MirrorResult } from './mirror-result.ts';
import { createMirror, type DropReason, type Mirror, type MirrorOptions } from './mirror.ts';
import { createSend } from './send.ts';

/** A deployment at a fake provider, with the fake's key. Input tokens cost a dollar per million, output tokens two. */
export function deploymentAt(provider: Provider, fake: { url: string; apiKey: string }, model: string, fields: Partial<Endpoint> = {}): Deployment {
  const authorize = provider.connect({ apiKey: fake.apiKey }, {});
  const credential = { name: 'default', weight: 1, authorize };
  const at = endpoint(provider.kind, { provider, baseUrl: new URL(fake.url), credential, ...fields });
  return deployment(at, model, { price: { input: 1, output: 2 } });
}

/** A client's chat request; of another protocol where one is given, and then with all its fields. */
export const request = (fields: object = {}, protocol: Protocol = openaiChat): ClientRequest =>
  new ClientRequest(
    protocol,
    Buffer.from(JSON.stringify({ model: 'smart', ...(protocol === openaiChat && { messages: [{ role: 'user', content: 'Hello.' }] }), ...fields })),
  );

/** A job for the tenant `lab`, which has no budget. */
export const job = (to: Deployment, fields: Partial<MirrorJob> = {}): MirrorJob => ({
  request: request(),
  deployment: to,
  model: 'trial',
  payer: tenant('lab'),
  exchange: 'exchange-1',
  seal: createSeals(['0123456789abcdef0123456789abcdef'], (size) => Buffer.alloc(size, 7))('team'),
  call: { headers: new Map(), query: '' },
  ...fields,
});

/** A mirror and what it says. */
export interface Stage {
  mirror: Mirror;
  quotas: FakeQuotas;
  drops: DropReason[];
  failures: unknown[];
  /** Copies, and gives what came of it: a result, or why there was none. */
  result(copied: MirrorJob): Promise<MirrorResult | DropReason>;
}

/** A mirror that sends over HTTP. One copy at a time can be waited for. */
export function stage(options: Partial<MirrorOptions> = {}): Stage {
  const quotas = new FakeQuotas();
  const drops: DropReason[] = [];
  const failures: unknown[] = [];
  let over: (came: MirrorResult | DropReason) => void = () => {};
  let time = 1_700_000_000_000;
  const now = (): number => time++;
  const mirror = createMirror({
    quotas,
    prices: createPrices({ now }),
    send: createSend({ systemCaFile: undefined }),
    memory: createBodyMemory(64 << 20),
    now,
    onResult: (result) => over(result),
    onDropped(reason) {
      drops.push(reason);
      over(reason);
    },
    onFailure: (_, error) => void failures.push(error),
    ...options,
  });
  const result = async (copied: MirrorJob): Promise<MirrorResult | DropReason> => {
    const { promise, resolve } = Promise.withResolvers<MirrorResult | DropReason>();
    over = resolve;
    mirror.copy(copied);
    return promise;
  };
  return { mirror, quotas, drops, failures, result };
}
