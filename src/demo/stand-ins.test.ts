import { expect, test } from 'vitest';
import { demoConfig, kindsToPlay } from '../config/demo.ts';
import { compileConfig } from '../config/load.ts';
import { providerKinds } from '../providers/registry.ts';
import { startStandIn } from './stand-ins.ts';

/** Servers of one's own, and those that only rerank. */
const playedByNobody = ['openai-compatible', 'jina'];

const settings: Readonly<Record<string, string>> = { bedrock: ', region: eu-central-1', vertex: ', project: p', 'azure-openai': ', resource: r' };

test.each([...providerKinds.keys()].filter((kind) => !playedByNobody.includes(kind)))(
  'the kind %s is played by a fake where its key is not set',
  async (kind) => {
    const text =
      `providers: { it: { kind: ${kind}${settings[kind] ?? ''}, apiKey: "\${NO_SUCH_KEY}" } }\nmodels: { m: { targets: [{ provider: it, model: x }] } }\n`.replace(
        kind === 'vertex' ? ', apiKey: "${NO_SUCH_KEY}"' : /$^/,
        '',
      );
    const source = { path: 'remora.yaml', env: {} };
    expect([...kindsToPlay(text, source)]).toEqual([kind]);
    const standIn = await startStandIn(kind);
    if (standIn === undefined) throw new Error(`nobody plays ${kind}`);
    try {
      const demo = demoConfig(text, { ...source, providers: new Map([[kind, standIn.fields]]), keyHash: `sha256:${'d'.repeat(64)}` });
      const { endpoints } = compileConfig(demo, source);
      expect(endpoints.get('it')?.[0].baseUrl.port).toBe(String(standIn.fake.port));
    } finally {
      await standIn.fake.stop();
    }
  },
);

test.each(playedByNobody)('nobody plays the kind %s', async (kind) => {
  expect(await startStandIn(kind)).toBeUndefined();
});
