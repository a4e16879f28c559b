import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from './gateway.ts';

const folder = temporaryFolder();
const file = join(folder, 'remora.yaml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The config that all cases add to, a line per item. */
const base = [
  'providers:',
  '  openai: { kind: openai, baseUrl: "http://127.0.0.1:1/v1", apiKey: k }',
  'tenants:',
  `  team: { keys: [{ name: website, hash: "sha256:${'0'.repeat(64)}" }], privacy: { redact: [email] } }`,
  'models:',
  '  fast: { targets: [{ provider: openai, model: gpt-5-mini }] }',
  '  smart: { targets: [{ provider: openai, model: gpt-5 }], fallback: [fast] }',
  '  pick: { auto: { simple: fast, hard: smart } }',
];

/** Runs `remora check` on the base and these lines. A finding is given as it is printed, after the file's name; lines count from the first added one. */
async function check(...lines: string[]): Promise<{ code: number; findings: string[] }> {
  writeFileSync(file, [...base, ...lines].join('\n'));
  const child = spawn(process.execPath, ['bin/remora.js', 'check', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, code] = await Promise.all([text(child.stderr), new Promise<number>((resolve) => child.once('close', resolve))]);
  const findings = printed.split('\n').flatMap((line) => {
    const [, number, rest = ''] = /:(\d+):\d+ (.*)$/.exec(line.startsWith(file) ? line.slice(file.length) : '') ?? [];
    return number === undefined ? [] : [`${Number(number) - base.length}: ${rest}`];
  });
  return { code, findings };
}

const rule = (name: string, when: string, more = ''): string => `  - { name: ${name}, when: '${when}'${more} }`;

test('a good config is said to be good', async () => {
  expect(
    await check(
      'rules:',
      rule('night', 'time.hour >= 22 && tenant == "team"', ', use: fast'),
      rule('mail', '"email" in data_classes', ', without: [openai/gpt-5], set: { maxTokens: 10 }'),
      rule('rest', 'model == "pick"', ', use: smart, fallback: [fast]'),
    ),
  ).toEqual({ code: 0, findings: [] });
});

const unreached = (name: string): string => `is never reached: ${name} of all that it is true of; put it before them, or take it out`;

test('rules that are never reached, never true or do nothing', async () => {
  const { code, findings } = await check(
    'rules:',
    rule('chat', 'protocol == "openai-chat"', ', use: fast'),
    rule('images', 'protocol == "openai-chat" && request.has_images', ', use: smart'),
    rule('again', 'protocol == "openai-chat"'),
    rule('streams', 'model == "pick" && request.stream'),
    rule('whole', 'model == "pick" && !request.stream'),
    rule('pick', 'model == "pick" && request.has_tools', ', use: fast'),
    rule('late', 'time.hour > 23'),
    rule('both', 'model == "fast" && model == "smart"'),
    rule('itself', 'model == "smart"', ', use: smart'),
    rule('nothing', 'request.has_audio', ', set: {}'),
    rule('chat', 'request.has_documents'),
  );
  expect(findings).toEqual([
    `3: rules[1].when: ${unreached('the rule "chat" before it is true')}`,
    '4: rules[2].when: is the condition of the rule "chat" before it, which is applied instead',
    `7: rules[5].when: ${unreached('the rules before it are, together, true')}`,
    '8: rules[6].when: is never true: its parts exclude each other; correct it, or take the rule out',
    '9: rules[7].when: is never true: its parts exclude each other; correct it, or take the rule out',
    '10: rules[8].use: sends smart to itself, since the condition is true of no other model; take it out, or name another one',
    '11: rules[9].set: sets nothing; name a parameter, such as maxTokens, or take it out',
    '12: rules[10].name: is a name that an earlier rule has; give each its own',
  ]);
  expect(code).toBe(1);
});

test('conditions that cannot be read, and names in rules that nobody has', async () => {
  const { code, findings } = await check(
    'rules:',
    rule('half', 'request.has_images &&'),
    rule('types', 'metadata["tier"] > 3'),
    rule('field', 'request.has_imges'),
    rule('number', 'request.input_tokens'),
    rule('tenant', 'tenant == "tem"'),
    rule('key', 'key == "websites"'),
    rule('data', '"emal" in data_classes'),
    rule('day', 'time.weekday == "sonntag"'),
    '  - name: there',
    '    when: request.has_images',
    '    use: smrt',
    '    fallback: [fast, fas, pick]',
    '    without: [opnai, openai/gpt-9]',
  );
  const models = 'declared are fast, smart, pick';
  expect(findings).toEqual([
    '2: rules[0].when: is wrong at line 1, column 22: unexpected token: the end',
    '3: rules[1].when: is wrong at line 1, column 1: string > int is not possible; write both sides as one type',
    '4: rules[2].when: is wrong at line 1, column 9: no such key: has_imges',
    '5: rules[3].when: must be true or false for a request, and is of the type int',
    '6: rules[4].when: there is no tenant "tem", did you mean team?; declared are team',
    '7: rules[5].when: there is no key "websites", did you mean website?; declared are website',
    '8: rules[6].when: there is no type of personal data "emal", did you mean email?; declared are email, phone, card, us-ssn, iban',
    '9: rules[7].when: there is no weekday "sonntag"; declared are sun, mon, tue, wed, thu, fri, sat',
    `12: rules[8].use: there is no model "smrt", did you mean smart?; ${models}`,
    `13: rules[8].fallback[1]: there is no model "fas", did you mean fast?; ${models}`,
    '13: rules[8].fallback[2]: chooses another model itself; name one that has targets',
    '14: rules[8].without[0]: there is no provider "opnai", did you mean openai?; declared are openai',
    '14: rules[8].without[1]: there is no deployment "openai/gpt-9", did you mean openai/gpt-5?; declared are openai/gpt-5-mini, openai/gpt-5',
  ]);
  expect(code).toBe(1);
});

test('models that lead in a loop, to nobody, or to one that chooses itself', async () => {
  const { code, findings } = await check(
    '  first: { targets: [{ provider: openai, model: gpt-5 }], fallback: [second] }',
    '  second: { targets: [{ provider: openai, model: gpt-5-mini }], fallback: [first] }',
    '  one: { auto: { simple: fast, hard: two } }',
    '  two: { experiment: { name: e, variants: [{ name: a, model: one }, { name: b, model: fast }] } }',
    '  three: { auto: { simple: fas, hard: smart } }',
    '  four: { experiment: { name: f, variants: [{ name: a, model: fast }, { name: b, model: smar }] } }',
    '  five: { targets: [{ provider: openai, model: gpt-5 }], fallback: [pick], mirror: { model: pick, share: 1%, tenant: tem } }',
    '  six: { targets: [{ provider: openai, model: gpt-5 }], auto: { simple: fast, hard: smart } }',
    '  seven: { strategy: cheapest }',
  );
  const models = 'declared are fast, smart, pick, first, second, one, two, three, four, five, six, seven';
  expect(findings).toEqual([
    '2: models.second.fallback[0]: falls back in a loop: first → second → first; take it out',
    '4: models.two.experiment.variants[0].model: leads in a loop: one → two → one; take it out',
    `5: models.three.auto.simple: there is no model "fas", did you mean fast?; ${models}`,
    `6: models.four.experiment.variants[1].model: there is no model "smar", did you mean smart?; ${models}`,
    '7: models.five.fallback[0]: chooses another model itself; name one that has targets',
    '7: models.five.mirror.model: chooses another model itself; name one that has targets',
    '7: models.five.mirror.tenant: there is no tenant "tem", did you mean team?; declared are team',
    '8: models.six.auto: does not go with targets; keep one of them',
    '9: models.seven.targets: is missing; add it: deployments that answer the model',
  ]);
  expect(code).toBe(1);
});
