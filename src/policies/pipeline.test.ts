import { expect, test } from 'vitest';
import { ClientRequest } from '../protocols/client-request.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { deployment } from '../routing/deployment.fixture.ts';
import { opening, outcome } from './opening.fixture.ts';
import { openPipeline, type PipelineRun } from './pipeline.ts';
import type { Policy, PolicyRun } from './policy.ts';
import { tenant } from './tenant.fixture.ts';

const asked = new ClientRequest(openaiChat, Buffer.from('{"model":"fast","messages":[{"role":"user","content":"Hi"}]}'));
const routed = { served: 'fast', route: '', chain: [] };
function open(runs: Record<string, PolicyRun | undefined>): { pipeline: PipelineRun; stages: string[]; failures: string[] } {
  const stages: string[] = [];
  const failures: string[] = [];
  const policies = Object.entries(runs).map(([name, run]): Policy => ({ name, open: () => run }));
  const pipeline = openPipeline(
    policies,
    opening(tenant('t')),
    (name, work) => (stages.push(name), work()),
    (name) => failures.push(name),
  );
  return { pipeline, stages, failures };
}

test('what no policy has to wait for is no promise', () => {
  const { pipeline, stages } = open({
    one: { onCaller() {}, onRequest: (request) => request, onRoute: () => ({ use: 'a' }), onChain: (request) => request },
    none: undefined,
    two: { onRoute: () => ({ waitMs: 5 }), onPassThrough() {} },
  });
  expect(pipeline.onCaller()).toBeUndefined();
  expect(pipeline.onRequest(asked)).toBe(asked);
  expect(pipeline.onRoute(asked)).toEqual({ use: 'a', waitMs: 5 });
  expect(pipeline.onChain(asked, routed)).toBe(asked);
  expect(stages).toEqual(['one', 'one']); // the work on a request, of those that do some
});

test('policies go on in their order after one that waits', async () => {
  const seen: string[] = [];
  const run = (name: string, isLate: boolean): PolicyRun => ({
    async onCaller() {
      seen.push(`${name} caller`);
    },
    onChain(request) {
      seen.push(name);
      return isLate ? Promise.resolve(request.withParameters({ maxTokens: 5 })) : request;
    },
  });
  const { pipeline } = open({ one: run('one', false), two: run('two', true), three: run('three', true), four: run('four', false) });
  await pipeline.onCaller();
  const chained = pipeline.onChain(asked, routed);
  expect(seen.slice(4)).toEqual(['one', 'two']);
  expect((await chained).facts.maxTokens).toBe(5);
  expect(seen.slice(4)).toEqual(['one', 'two', 'three', 'four']);
});

test('a refusal keeps later policies from the request, thrown at once or later', async () => {
  const refused = new Error('no');
  const later: PolicyRun = {
    onChain() {
      throw new Error('asked after a refusal');
    },
  };
  const thrown = (): never => {
    throw refused;
  };
  expect(() => open({ one: { onChain: thrown }, later }).pipeline.onChain(asked, routed)).toThrow(refused);
  await expect(open({ one: { onChain: async () => thrown() }, later }).pipeline.onChain(asked, routed)).rejects.toBe(refused);
});

test('all say what clients are told, in their order', () => {
  const { pipeline } = open({
    one: { headers: () => [['a', '1']], warnings: () => [{ field: 'x', detail: 'is dropped' }] },
    two: { headers: (protocol) => [['b', protocol]], endHeaders: () => [['c', '3']], found: () => ['email'] },
  });
  expect(pipeline.headers('openai-chat')).toEqual([
    ['a', '1'],
    ['b', 'openai-chat'],
  ]);
  expect(pipeline.endHeaders(outcome())).toEqual([['c', '3']]);
  expect(pipeline.warnings()).toEqual([{ field: 'x', detail: 'is dropped' }]);
  expect(pipeline.found()).toEqual(['email']);
});

test('all settle, the last first, whatever one of them throws', () => {
  const settled: string[] = [];
  const run = (name: string, fails = false): PolicyRun => ({
    onSettled() {
      settled.push(name);
      if (fails) throw new Error('full');
    },
  });
  const { pipeline, failures } = open({ one: run('one'), two: run('two', true), three: run('three') });
  pipeline.onSettled(outcome());
  expect([settled, failures]).toEqual([['three', 'two', 'one'], ['two']]);
});

test('an answer is seen by every policy that watches it, in their order', () => {
  const seen: string[] = [];
  const watching = (name: string): PolicyRun => ({ observer: () => () => void seen.push(name) });
  const observe = open({ one: watching('one'), blind: {}, unasked: { observer: () => undefined }, two: watching('two') }).pipeline.observer(
    deployment('openai'),
  );
  observe?.({ type: 'end' });
  expect(seen).toEqual(['one', 'two']);
  expect(open({ blind: {} }).pipeline.observer(deployment('openai'))).toBeUndefined();
});
