import { expect, test } from 'vitest';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiChat } from '../../protocols/openai-chat/index.ts';
import { identity, tenant } from '../tenant.fixture.ts';
import { createRequestLabels } from './request-labels.ts';

const caller = identity(tenant('marketing'));
const say = (headers: Record<string, string>) => ({ headers: new Map(Object.entries(headers)), identity: caller });

test('labels that are taken as they are said come without a warning', () => {
  const labelsOf = createRequestLabels({ maxValues: 10 });
  expect(labelsOf(say({ 'x-remora-label-team': 'web' }), undefined)).toEqual({ labels: { team: 'web' }, warnings: [] });
});

test('a header that is no label is dropped with a warning', () => {
  const { labels, warnings } = createRequestLabels({ maxValues: 10 })(say({ 'x-remora-label-te.am': 'web' }), undefined);
  expect(labels).toEqual({});
  expect(warnings).toMatchObject([{ field: 'x-remora-label-te.am' }]);
});

test('a value beyond the bound is told to be another', () => {
  const labelsOf = createRequestLabels({ maxValues: 1 });
  labelsOf(say({ 'x-remora-label-team': 'web' }), undefined);
  expect(labelsOf(say({ 'x-remora-label-team': 'app' }), undefined)).toEqual({
    labels: { team: 'other' },
    warnings: [{ field: 'x-remora-label-team', detail: 'counts as "other": the tenant has used too many values of it' }],
  });
});

test('a name beyond the bound is told to be dropped', () => {
  const labelsOf = createRequestLabels({ maxValues: 10 });
  for (let index = 0; index < 16; index += 1) labelsOf(say({ [`x-remora-label-n${index}`]: 'v' }), undefined);
  expect(labelsOf(say({ 'x-remora-label-team': 'web' }), undefined)).toEqual({
    labels: {},
    warnings: [{ field: 'x-remora-label-team', detail: 'is dropped: the tenant has used too many names of labels' }],
  });
});

test('of metadata that is bounded nothing is told: it may be there for somebody else', () => {
  const labelsOf = createRequestLabels({ maxValues: 1 });
  const request = (team: string): ClientRequest =>
    new ClientRequest(openaiChat, Buffer.from(JSON.stringify({ model: 'fast', metadata: { team }, messages: [{ role: 'user', content: 'Hi' }] })));
  labelsOf(say({}), request('web'));
  expect(labelsOf(say({}), request('app'))).toEqual({ labels: { team: 'other' }, warnings: [] });
});
