import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { eventually, startGateway, type ConfigData, type RunningGateway } from './gateway.ts';

const folder = 'examples';
const examples = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const readme = (example: string): string => readFileSync(`${folder}/${example}/README.md`, 'utf8');

/** A code block of a language in an example's README. */
function block(example: string, language: string, index = 0): string {
  return [...readme(example).matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))][index]?.[1] ?? '';
}

/** Keys of real providers stay out of it, so that demo providers answer. */
const noKeys = Object.fromEntries(Object.keys(process.env).flatMap((name) => (name.endsWith('_API_KEY') ? [[name, '']] : [])));

/** A running example, and the virtual key that it printed. */
interface Started {
  gateway: RunningGateway;
  /** The file that its clock follows, if it can be moved. */
  clock: string;
  key: string;
}

/** Starts an example as its README says, but for the addresses. */
async function startExample(example: string): Promise<Started> {
  const clock = join(mkdtempSync(join(tmpdir(), 'remora-example-')), 'clock');
  const moved = existsSync(`${folder}/${example}/clock.mjs`) ? { CLOCK: clock, NODE_OPTIONS: `--import=./${folder}/${example}/clock.mjs` } : {};
  const config = parse(readFileSync(`${folder}/${example}/remora.yaml`, 'utf8')) as ConfigData;
  const gateway = await startGateway(config, { args: ['--demo'], env: { ...noKeys, ...moved } });
  const printed = await eventually(gateway.output, (text) => text.includes('Stop with Ctrl-C'));
  return { gateway, clock, key: /export KEY=(\S+)/.exec(printed)?.[1] ?? '' };
}

/** What request.sh prints, with the spaces of any platform's tools. */
async function request(example: string, { gateway, clock, key }: Started): Promise<string> {
  const env = { ...process.env, KEY: key, CLOCK: clock, REMORA_URL: gateway.url, REMORA_ADMIN_URL: gateway.adminUrl };
  const { stdout } = await promisify(execFile)('sh', [`${folder}/${example}/request.sh`], { env });
  return evenly(stdout);
}

const evenly = (text: string): string => text.replaceAll(/^ +/gm, '');

/** Examples whose numbers are drawn: of their output only the words count. */
const drawn = new Set(['02-canary']);
const comparable = (example: string, text: string): string => (drawn.has(example) ? text.replaceAll(/^\d+ /gm, 'some ') : text);

interface Promised {
  fact: string;
  expectIt: (started: Started, printed: string) => Promise<void> | void;
}

/** What READMEs promise beyond what is printed. */
const promises: Readonly<Record<string, readonly Promised[]>> = {
  '01-failover': [
    {
      fact: 'gives the provider that fails a rest, and logs it once',
      async expectIt({ gateway }) {
        const health: unknown = await (await fetch(`${gateway.adminUrl}/api/health`)).json();
        const standing = { type: 'resting', reason: 'failing', untilMs: expect.any(Number) };
        expect(health).toContainEqual(expect.objectContaining({ id: 'openai/fail-503', standing }));
        expect(gateway.output().match(/openai\/fail-503 is given a rest/g)).toHaveLength(1);
      },
    },
  ],
  '02-canary': [
    {
      fact: 'sends about a tenth of the requests to the canary',
      expectIt(_, printed) {
        const [canary, usual] = ['gpt-5.4-mini', 'gpt-5-mini'].map((model) => Number(new RegExp(`^(\\d+) openai/${model}$`, 'm').exec(printed)?.[1]));
        // Less than 1 or more than 30 of 100 are drawn in one of 30,000 runs.
        expect(canary).toBeGreaterThan(0);
        expect(canary).toBeLessThan(31);
        expect((canary ?? 0) + (usual ?? 0)).toBe(100);
      },
    },
  ],
  '04-residency': [
    {
      fact: 'says in the refusal why, in the words of its README',
      async expectIt({ gateway }) {
        const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: 'Bearer rk-example-hospital', 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Say hello.' }] }),
        });
        expect(answer.status).toBe(403);
        const [, sentence] = /403 that says why: \*(.*?)\*/.exec(readme('04-residency')) ?? [];
        expect(await answer.text()).toContain(sentence ?? 'a sentence in the README');
      },
    },
  ],
  '10-marketing': [
    {
      fact: 'books every request, and warns once for each month',
      async expectIt({ gateway }) {
        const entries = await gateway.entries();
        expect(entries.filter(({ tenant }) => tenant === 'marketing')).toHaveLength(32);
        expect(entries.filter(({ step }) => String(step).includes('use house-oss at 80%'))).toHaveLength(20);
        expect(gateway.output().match(/tenant:marketing has used/g)).toHaveLength(1);
      },
    },
  ],
  '08-mirror': [
    {
      fact: 'charges the copy to the tenant that pays for copies',
      async expectIt({ gateway }) {
        const entry = { tenant: 'lab', deployment: 'anthropic/claude-haiku-4-5', cost_nanos: 120_000 };
        expect(await gateway.entries()).toContainEqual(expect.objectContaining(entry));
      },
    },
  ],
};

describe.each(examples)('example %s', (example) => {
  let started: Started;
  let printed = '';

  beforeAll(async () => {
    started = await startExample(example);
    printed = await request(example, started);
  });

  afterAll(async () => {
    await started.gateway.stop();
    rmSync(dirname(started.clock), { recursive: true, force: true });
  });

  test('is started and tried out by the commands of its README', () => {
    expect(block(example, 'sh')).toContain(`npx remora up --demo --config ${folder}/${example}/remora.yaml\n`);
    expect(block(example, 'sh', 1)).toMatch(new RegExp(`^(export KEY=rk-…\n)?sh ${folder}/${example}/request.sh\n$`));
  });

  test('prints what its README shows', () => {
    expect(comparable(example, printed)).toBe(comparable(example, evenly(block(example, 'text'))));
  });

  for (const { fact, expectIt } of promises[example] ?? []) test(fact, () => expectIt(started, printed));
});
