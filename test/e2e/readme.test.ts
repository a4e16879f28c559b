import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './gateway.ts';

const readme = readFileSync('README.md', 'utf8');

/** The code blocks of a section, by language. */
function blocks(section: string, language: string): string[] {
  const text = readme.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1] ?? '');
}

const script = 'test/e2e/readme-example.mjs'; // beside node_modules, as a reader's own file would be
let gateway: ChildProcess;
let printed = '';
let key = '';

beforeAll(async () => {
  const [, start = ''] = blocks('Start', 'sh')[0]?.trim().split('\n') ?? [];
  const { OPENAI_API_KEY: _, ANTHROPIC_API_KEY: __, ...environment } = process.env;
  gateway = spawn('sh', ['-c', `exec ${start}`], { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  gateway.stdout?.on('data', (data: Buffer) => (printed += data.toString()));
  gateway.stderr?.on('data', (data: Buffer) => (printed += data.toString()));
  await eventually(
    () => printed,
    (text) => text.includes('Stop with Ctrl-C') || gateway.exitCode !== null,
    50_000,
  );
  key = /export KEY=(\S+)/.exec(printed)?.[1] ?? '';
  if (!key.startsWith('rk-')) throw new Error(`npm start printed no key:\n${printed}`);
});

afterAll(async () => {
  rmSync(script, { force: true });
  const exited = new Promise((resolve) => gateway.once('close', resolve));
  // As Ctrl-C in a terminal: the whole group gets it.
  if (gateway.pid !== undefined && gateway.exitCode === null) {
    process.kill(-gateway.pid, 'SIGINT');
    await exited;
  }
});

const run = async (command: string): Promise<string> =>
  (await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, KEY: key } })).stdout;

test('the two commands of the README are npm ci and npm start', () => {
  expect(blocks('Start', 'sh')[0]).toBe('npm ci\nnpm start\n');
});

test('the requests that the README shows give what it says', async () => {
  const requests = blocks('Try it', 'sh')
    .slice(1)
    .flatMap((block) => block.split(/\n(?=curl )/));
  expect(requests).toHaveLength(4);
  const [openaiJson = '', openaiStream = '', anthropicJson = '', anthropicStream = ''] = await Promise.all(requests.map(run));
  expect(JSON.parse(openaiJson)).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { content: expect.stringContaining('bob@example.com') } }],
  });
  expect(openaiStream).toContain('"object":"chat.completion.chunk"');
  expect(openaiStream.trim().endsWith('data: [DONE]')).toBe(true);
  expect(openaiStream).toContain('"model":"claude');
  expect(JSON.parse(anthropicJson)).toMatchObject({ type: 'message', content: [{ type: 'text' }], stop_reason: 'end_turn' });
  expect(anthropicStream).toContain('event: message_stop');
  expect(anthropicStream).toContain('"model":"gpt');
});

test('the program that the README shows runs with the official SDKs', async () => {
  writeFileSync(script, blocks('Try it', 'js')[0] ?? '');
  const output = await run(`node ${script}`);
  expect(output).toContain('Say hello.');
  expect(output.trim().split('\n').length).toBeGreaterThanOrEqual(2);
});

test('the requests that the start itself prints work as they stand', async () => {
  const pasted = printed.slice(printed.indexOf('export KEY='), printed.indexOf('Stop with Ctrl-C'));
  const output = await run(pasted.replaceAll(/^\S.*:$/gm, ''));
  expect(output).toContain('"object":"chat.completion"');
  expect(output).toContain('event: message_stop');
});

test('metrics are where the README says', async () => {
  const [address = ''] = /http:\/\/127\.0\.0\.1:8081\/metrics/.exec(readme) ?? [];
  expect(await (await fetch(address)).text()).toContain('remora_exchanges_total');
});
