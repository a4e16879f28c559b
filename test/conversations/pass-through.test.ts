import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/extproc/message.ts';
import { passed, playExchange, refusal, requestBody, requestHeaders, responseBody, responseHeaders, setStage, type Stage, clusters } from './play.ts';
import { createSnapshots } from '../../src/extproc/snapshots.ts';

const form = { contentType: 'multipart/form-data; boundary=x' };
const upload = requestHeaders('free', { path: '/v1/files', ...form });
const fileAnswer = { id: 'file-abc', object: 'file', bytes: 3, filename: 'a.jsonl', purpose: 'batch' };

/** The id that a client gets for a file that the provider calls `file-abc`. */
async function sealedFile(stage: Stage): Promise<string> {
  const replies = await playExchange(stage, upload, responseHeaders(200), responseBody(JSON.stringify(fileAnswer)));
  return (JSON.parse(passed(replies[2]).text ?? '') as { id: string }).id;
}

const get = (key: string, path: string, method = 'GET') => requestHeaders(key, { path, method, endOfStream: true });
const codeOf = async (stage: Stage, opening: ReturnType<typeof requestHeaders>, ...rest: Message[]) => {
  const replies = await playExchange(stage, opening, ...rest);
  const { status, headers } = refusal(replies.at(-1));
  return [status, headers.get('x-remora-error')];
};

describe('a call that nobody reads', () => {
  test('goes to its provider with the credential swapped, and its body is not shown to us', async () => {
    const stage = setStage();
    const [first, second] = await playExchange(stage, requestHeaders('free', { path: '/v1/audio/transcriptions', ...form }), responseHeaders(200));
    const { set, removeHeaders, requestBody: body, metadata, clearRouteCache } = passed(first);
    expect(body).toBe('none');
    expect(Object.fromEntries(set)).toMatchObject({
      ':path': '/v1/audio/transcriptions',
      authorization: 'Bearer key-of-openai',
      'x-envoy-max-retries': '0',
    });
    expect(removeHeaders).toContain('cookie');
    expect(clearRouteCache).toBe(true);
    expect(metadata?.['remora.chain']).toEqual({ priority_groups: [{ name: '1', clusters: [{ cluster_name: clusters.openai, weight: 1 }] }] });
    expect(passed(second).responseBody).toBe('none');
    expect(stage.outcomes).toMatchObject([{ end: 'complete', status: 200, attempts: 1 }]);
  });

  test('tells its client what policies could not take', async () => {
    const stage = setStage({ name: 'picky', open: () => ({ warnings: () => [{ field: 'x-remora-label-Team', detail: 'is dropped' }] }) });
    const [, answered] = await playExchange(stage, requestHeaders('free', { path: '/v1/audio/transcriptions', ...form }), responseHeaders(200));
    expect(passed(answered).set.get('x-remora-warnings')).toBe('x-remora-label-Team (is dropped)');
  });

  test.each(['/v1/moderations', '/openai/v1/moderations', '/openai/moderations?api-version=2024-10-21'])('is served at %s', async (path) => {
    const [reply] = await playExchange(setStage(), requestHeaders('free', { path }), responseHeaders(200));
    expect(passed(reply).type).toBe('proceed');
  });

  test.each([
    ['a stranger', 'nobody', 401, 'invalid-key'],
    ['a tenant that may not', 'open', 403, 'pass-through-refused'],
    ['a tenant whose personal data is redacted', 'guarded', 403, 'pass-through-refused'],
  ])('is refused to %s', async (_, key, status, code) => {
    expect(await codeOf(setStage(), requestHeaders(key, { path: '/v1/images/generations' }))).toEqual([status, code]);
  });

  test('whose provider refuses our credential is not the fault of the client’s key', async () => {
    expect(await codeOf(setStage(), requestHeaders('free', { path: '/v1/images/edits', ...form }), responseHeaders(401))).toEqual([
      502,
      'provider-credential',
    ]);
  });

  test('for which no credential can be had is not the fault of the client’s key either', async () => {
    const stage = setStage();
    const standing = stage.snapshot.passThrough?.deployment;
    if (standing === undefined) throw new Error('the stage passes nothing through');
    const credential = { name: 'default', weight: 1, authorize: () => Promise.reject(new Error('no token')) };
    const deployment = { ...standing, endpoint: { ...standing.endpoint, credential } };
    stage.deps.snapshots = createSnapshots({ ...stage.snapshot, passThrough: { deployment, costNanos: new Map() } }, () => 0);
    expect(await codeOf(stage, requestHeaders('free', { path: '/v1/images/generations' }), requestBody({ prompt: 'x' }))).toEqual([
      502,
      'provider-credential',
    ]);
    expect(stage.failures).toEqual([]);
  });

  test('goes where the header names a model, if the tenant may use that', async () => {
    const opening = requestHeaders('free', { path: '/v1/moderations', ...form });
    const named = { ...opening, headers: new Map([...opening.headers, ['x-remora-model', 'gpt']]) };
    const [reply] = await playExchange(setStage(), named, responseHeaders(200));
    expect(passed(reply).set.get(':path')).toBe('/v1/moderations');
    const unknown = { ...opening, headers: new Map([...opening.headers, ['x-remora-model', 'nothing']]) };
    expect(await codeOf(setStage(), unknown)).toEqual([404, 'model-not-found']);
    const claude = { ...opening, headers: new Map([...opening.headers, ['x-remora-model', 'smart']]) };
    expect(await codeOf(setStage(), claude)).toEqual([403, 'pass-through-refused']);
  });
});

describe('an object that the provider stores', () => {
  test('is known to clients by a sealed id only, which leads back to the provider’s own', async () => {
    const stage = setStage();
    const id = await sealedFile(stage);
    expect(id).not.toContain('file-abc');
    const [reply, , body] = await playExchange(stage, get('free', `/v1/files/${id}`), responseHeaders(200), responseBody(JSON.stringify(fileAnswer)));
    expect(passed(reply).set.get(':path')).toBe('/v1/files/file-abc');
    expect(passed(body).text).not.toContain('file-abc');
  });

  test('is named in a body by the same id', async () => {
    const stage = setStage();
    const id = await sealedFile(stage);
    const [, reply] = await playExchange(
      stage,
      requestHeaders('free', { path: '/v1/batches' }),
      requestBody({ input_file_id: id, endpoint: '/v1/chat/completions', metadata: { id: 'mine' } }),
    );
    const { text, set } = passed(reply);
    expect(JSON.parse(text ?? '')).toEqual({ input_file_id: 'file-abc', endpoint: '/v1/chat/completions', metadata: { id: 'mine' } });
    expect(set.get('content-length')).toBe(String(text?.length));
  });

  test.each(['file-abc', 'rmr1_AAAA', '..%2Fmodels'])('is a 404 by the provider’s own id or an invented one: %s', async (id) => {
    expect(await codeOf(setStage(), get('free', `/v1/files/${id}`))).toEqual([404, 'stored-not-found']);
    expect(await codeOf(setStage(), get('free', `/v1/responses/${id}`, 'DELETE'))).toEqual([404, 'stored-not-found']);
  });

  test('of another tenant is a 404, in the path and in a body', async () => {
    const stage = setStage();
    const id = stage.deps.sealFor('rival').seal({ type: 'stored', id: 'file-abc', endpoint: 'openai' }) ?? '';
    expect(await codeOf(stage, get('free', `/v1/files/${id}`))).toEqual([404, 'stored-not-found']);
    for (const named of [id, 'file-abc']) {
      const body = requestBody({ input_file_id: named });
      expect(await codeOf(stage, requestHeaders('free', { path: '/v1/batches' }), body)).toEqual([404, 'stored-not-found']);
    }
  });

  test.each(['files', 'batches', 'fine_tuning/jobs'])('stands in no list: %s', async (list) => {
    expect(await codeOf(setStage(), get('free', `/v1/${list}`))).toEqual([404, 'unknown-endpoint']);
  });

  test('whose answer cannot be read is not passed on with its id open', async () => {
    expect(await codeOf(setStage(), upload, responseHeaders(200), responseBody('{"id":"file-abc"'))).toEqual([502, 'provider-error']);
  });
});

describe('models', () => {
  test('are listed for the caller’s key, in the shape of its API', async () => {
    const [reply] = await playExchange(setStage(), get('narrow', '/v1/models'));
    const { status, body } = refusal(reply);
    expect([status, body]).toEqual([200, { object: 'list', data: [{ id: 'smart', object: 'model', created: 1_700_000_000, owned_by: 'remora' }] }]);
    expect(await codeOf(setStage(), get('narrow', '/v1/models/fast'))).toEqual([404, 'model-not-found']);
    expect(await codeOf(setStage(), get('nobody', '/v1/models'))).toEqual([401, 'invalid-key']);
  });
});
