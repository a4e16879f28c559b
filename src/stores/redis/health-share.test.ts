import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HealthChange } from '../../routing/health/change.ts';
import { change, expectSoon, healthShareContract, patient, sharingAt } from '../health-share.contract.ts';
import { shareForMs, type HealthShare, type HealthShareEvent } from '../health-share.ts';
import { createRedisHealthShare } from './health-share.ts';
import { createHeldWay, createQuietWay, createRedisServer, redisMissing, type RedisServer } from './server.fixture.ts';

healthShareContract(
  'redis',
  async () => {
    const server = await createRedisServer();
    await server.start();
    return {
      open: (options) => createRedisHealthShare({ url: server.url, intervalMs: 100, ...options }),
      async spoil() {
        const client = new Redis(server.url);
        await client.hset('remora:health', { 'breaker:x': 'no JSON', 'breaker:openai/gpt-5-mini': '{"at":true}' });
        client.disconnect();
      },
      breakDown: server.kill,
      repair: server.start,
      remove: server.kill,
    };
  },
  redisMissing,
);

describe.skipIf(redisMissing !== undefined)('redis health share', patient, () => {
  let server: RedisServer;
  const shares: HealthShare[] = [];
  beforeEach(async () => {
    server = await createRedisServer();
    await server.start();
  });
  afterEach(async () => {
    for (const share of shares.splice(0)) await share.close();
    await server.kill();
  });

  function open(fields: { name?: string; intervalMs?: number; url?: string } = {}) {
    const heard: HealthChange[] = [];
    const events: HealthShareEvent[] = [];
    const share = createRedisHealthShare({
      url: server.url,
      intervalMs: 100,
      now: () => sharingAt,
      onChange: (one) => heard.push(one),
      onEvent: (event) => events.push(event),
      ...fields,
    });
    shares.push(share);
    return { share, heard, types: () => events.map(({ type }) => type), events };
  }

  /** Until it is connected, and what it publishes goes out at once. */
  async function settled(...opened: { share: HealthShare; heard: HealthChange[] }[]): Promise<void> {
    const [first, ...others] = opened;
    first?.share.publish(change({ id: 'settled' }));
    for (const { heard } of others) await expectSoon(() => heard.length).toBe(1);
  }

  test('tells at once, without waiting for the next comparison', async () => {
    const [first, second] = [open({ intervalMs: 600_000 }), open({ intervalMs: 600_000 })];
    await settled(first, second);
    first.share.publish(change());
    await expectSoon(() => second.heard.length).toBe(2);
  });

  test('hears what is told between its first look and its subscription', async () => {
    const client = new Redis(server.url);
    const way = await createHeldWay(server.url);
    const first = open({ intervalMs: 600_000 });
    first.share.publish(change({ id: 'settled' }));
    await expectSoon(() => client.hlen('remora:health')).toBe(1);
    await client.config('RESETSTAT');
    const second = open({ intervalMs: 600_000, url: way.url });
    await expectSoon(() => client.info('commandstats')).toContain('cmdstat_hgetall');
    first.share.publish(change());
    await expectSoon(() => client.hlen('remora:health')).toBe(2);
    way.letSubscribe();
    await expectSoon(() => client.pubsub('NUMSUB', 'remora:health')).toEqual(['remora:health', 2]);
    await new Promise((done) => setTimeout(done, 50)); // so that it hears of its subscription first: else there is nothing to see
    way.letReply();
    await expectSoon(() => second.heard.map(({ id }) => id).toSorted()).toEqual(['openai/gpt-5-mini', 'settled']);
    await second.share.close();
    await way.close();
    client.disconnect();
  });

  test('outlives a Redis that ends and comes back empty, and tells it again what it has forgotten', async () => {
    const [first, second] = [open(), open()];
    await settled(first, second);
    for (let round = 1; round <= 3; round += 1) {
      await server.kill();
      first.share.publish(change({ at: sharingAt + round }));
      await expectSoon(() => [first.types().length, second.types().length]).toEqual([2 * round - 1, 2 * round - 1]);
      await server.start();
      await expectSoon(() => second.heard.at(-1)?.at).toBe(sharingAt + round);
      await expectSoon(() => [first.types().length, second.types().length]).toEqual([2 * round, 2 * round]);
      const late = open();
      await expectSoon(() => late.heard.length).toBe(2);
    }
  });

  test('outlives a Redis that neither answers nor hangs up', async () => {
    const [first, second] = [open(), open()];
    await settled(first, second);
    server.freeze();
    first.share.publish(change());
    await expectSoon(() => [first.types(), second.types()]).toEqual([['share-failed'], ['share-failed']]);
    server.thaw();
    await expectSoon(() => second.heard.length).toBe(2);
    await expectSoon(() => [first.types().at(-1), second.types().at(-1)]).toEqual(['share-recovered', 'share-recovered']);
  });

  test('a message that is lost is made up for by the next comparison', async () => {
    const [first, second] = [open(), open()];
    await settled(first, second);
    const client = new Redis(server.url);
    await client.hset('remora:health', 'breaker:openai/gpt-5-mini', JSON.stringify(change()));
    client.disconnect();
    await expectSoon(() => [first.heard.length, second.heard.length]).toEqual([1, 2]);
  });

  test('of two that write at once, the later change stays; and what cannot be read gives way', async () => {
    const [first, second, third] = [open({ intervalMs: 600_000 }), open({ intervalMs: 600_000 }), open({ intervalMs: 600_000 })];
    await settled(first, second, third);
    const client = new Redis(server.url);
    await client.hset('remora:health', 'breaker:openai/gpt-5-mini', 'no JSON');
    second.share.publish(change({ at: sharingAt + 10, by: 'second' }));
    first.share.publish(change());
    first.share.publish(change({ id: 'end' }));
    await expectSoon(() => third.heard.map(({ id }) => id)).toContain('end');
    expect(JSON.parse((await client.hget('remora:health', 'breaker:openai/gpt-5-mini')) ?? '')).toMatchObject({ by: 'second' });
    client.disconnect();
  });

  test('what is long past, or no change, is thrown away', async () => {
    const client = new Redis(server.url);
    await client.hset('remora:health', {
      'breaker:old': JSON.stringify(change({ id: 'old', at: sharingAt - shareForMs - 1 })),
      'breaker:x': 'no JSON',
      'breaker:new': JSON.stringify(change({ id: 'new' })),
    });
    open();
    await expectSoon(() => client.hkeys('remora:health')).toEqual(['breaker:new']);
    client.disconnect();
  });

  test('outlives a connection on which nothing comes any more', async () => {
    const way = await createQuietWay(server.url);
    const [first, second] = [open({ url: way.url }), open()];
    await settled(first, second);
    way.quiet();
    second.share.publish(change());
    await expectSoon(() => first.heard).toContainEqual(change());
    await first.share.close();
    await way.close();
  });

  test('what is published just before the close is told, and a close is no failure', async () => {
    const [first, second] = [open(), open()];
    await settled(first, second);
    first.share.publish(change());
    await first.share.close();
    await expectSoon(() => second.heard.length).toBe(2);
    expect(first.types()).toEqual([]);
  });

  test('those of another name are not heard', async () => {
    const [first, second, other] = [open(), open(), open({ name: 'staging' })];
    await settled(first, second);
    first.share.publish(change());
    await expectSoon(() => second.heard.length).toBe(2);
    expect(other.heard).toEqual([]);
  });

  test('says which Redis it cannot reach, and not with which password', async () => {
    const { events } = open({ url: server.url.replace('redis://', 'redis://user:secret@') });
    await expectSoon(() => events.length).toBe(1);
    const [event] = events;
    const message = event?.type === 'share-failed' ? event.error.message : '';
    expect(message).toContain(`Redis at ${new URL(server.url).host} cannot be used`);
    expect(message).not.toContain('secret');
  });
});
