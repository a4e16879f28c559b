import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { waitForUpdate } from '@pydantic/genai-prices';
import { modelKeys } from '../src/routing/catalogue/model-key.ts';
import type { CatalogueRow } from '../src/routing/catalogue/row.ts';

// `node scripts/refresh-catalogue.ts` writes src/routing/catalogue/models.ts anew, from packages whose makers keep them up:
// pi-ai has the data of models.dev for models that use tools, LangChain the same for its own vendors with files and audio, genai-prices context lengths of the rest.
// For newer data, raise the versions.

const pi = '@earendil-works/pi-ai@1.5.2';
const langchain = { openai: '@langchain/openai@1.6.0', anthropic: '@langchain/anthropic@1.5.11', google: '@langchain/google@0.2.6' };
type Profiled = keyof typeof langchain;

/** A provider's id in the catalogue, which is its id in genai-prices, and its files in the other packages. */
interface Source {
  id: string;
  pi: readonly string[];
  profiles?: Profiled;
  /** Its context length is that of the input alone. */
  isInputOnly?: true;
  /** Models whose limit on output the provider enforces; none where it has no such limit, or nobody has a good number for it. */
  limitsOutput?: RegExp;
}

const all = /^/;
const sources: readonly Source[] = [
  { id: 'anthropic', pi: ['anthropic'], profiles: 'anthropic', limitsOutput: all },
  { id: 'aws', pi: ['amazon-bedrock'], limitsOutput: /^(?:anthropic|amazon|openai)\./ },
  { id: 'azure', pi: ['azure'], profiles: 'openai', limitsOutput: /^(?:gpt|o\d)/ },
  { id: 'cohere', pi: [] },
  { id: 'deepseek', pi: ['deepseek'] },
  { id: 'fireworks', pi: ['fireworks'] },
  { id: 'google', pi: ['google', 'google-vertex'], profiles: 'google', isInputOnly: true, limitsOutput: /^gemini/ },
  { id: 'groq', pi: ['groq'], limitsOutput: all },
  { id: 'mistral', pi: ['mistral'] },
  { id: 'openai', pi: ['openai', 'azure'], profiles: 'openai', limitsOutput: all },
  { id: 'openrouter', pi: ['openrouter'] },
  { id: 'perplexity', pi: [] },
  { id: 'together', pi: ['together'] },
  { id: 'x-ai', pi: ['xai'] },
];

/** Names that have come to mean another model than the one that the numbers are of. */
const moved = new Set(['deepseek/deepseek-chat', 'deepseek/deepseek-reasoner']);
/** No chat models. */
const isOther = (key: string): boolean => /embed|image|tts|live|realtime|transcribe|ocr|whisper|moderation|rerank|audio-preview/.test(key);

const words = ['images', 'documents', 'audio', 'tools', 'reasoning'] as const;
type Word = (typeof words)[number];

/** What one package says of a model. */
interface Claim {
  contextTokens?: number | undefined;
  outputTokens?: number | undefined;
  flags: Partial<Record<Word, boolean>>;
}

interface PiModel {
  id: string;
  type: string;
  reasoning: boolean;
  input: string[];
  contextWindow: number;
  maxTokens: number;
}

interface Profile {
  maxInputTokens?: number;
  maxOutputTokens?: number;
  imageInputs?: boolean;
  pdfInputs?: boolean;
  audioInputs?: boolean;
  toolCalling?: boolean;
  reasoningOutput?: boolean;
}

const folder = mkdtempSync(join(tmpdir(), 'catalogue-'));

/** Unpacks a package and returns its folder. */
function unpack(spec: string): string {
  const target = mkdtempSync(join(folder, 'package-'));
  execFileSync('npm', ['pack', spec, '--pack-destination', target], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [archive = ''] = readdirSync(target);
  execFileSync('tar', ['xzf', join(target, archive), '-C', target]);
  return join(target, 'package');
}

function piClaims(data: string, file: string): [id: string, claim: Claim][] {
  const apis = JSON.parse(readFileSync(join(data, `${file}.json`), 'utf8')) as Record<string, Record<string, PiModel>>;
  const models = Object.values(apis).flatMap((api) => Object.values(api));
  return models
    .filter(({ type }) => type === 'chat')
    .map(({ id, contextWindow, maxTokens, input, reasoning }) => [
      id,
      { contextTokens: contextWindow, outputTokens: maxTokens, flags: { images: input.includes('image'), tools: true, reasoning } },
    ]);
}

/** That a model takes no files or has no tools is not believed: the profiles say it of some that do. */
async function profileClaims(name: Profiled): Promise<[id: string, claim: Claim][]> {
  const dist = join(unpack(langchain[name]), 'dist');
  const file = readdirSync(dist, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('profiles.js'));
  const { default: profiles } = (await import(pathToFileURL(join(dist, file ?? '')).href)) as { default: Record<string, Profile> };
  return Object.entries(profiles).map(([id, has]) => [
    id,
    {
      contextTokens: has.maxInputTokens,
      outputTokens: has.maxOutputTokens,
      flags: {
        ...(has.imageInputs !== undefined && { images: has.imageInputs }),
        ...(has.pdfInputs === true && { documents: true }),
        ...(has.audioInputs !== undefined && { audio: has.audioInputs }),
        ...(has.toolCalling === true && { tools: true }),
        ...(has.reasoningOutput !== undefined && { reasoning: has.reasoningOutput }),
      },
    },
  ]);
}

async function priceClaims(provider: string): Promise<[id: string, claim: Claim][]> {
  const models = (await waitForUpdate())?.find(({ id }) => id === provider)?.models ?? [];
  return models.map(({ id, context_window: contextTokens }) => [id, { contextTokens, flags: {} }]);
}

const most = (numbers: (number | undefined)[]): number => Math.max(0, ...numbers.map((number) => number ?? 0));

/** Where packages differ, the one that allows more is believed: what is refused wrongly cannot be had at all. */
function toRow(key: string, claims: readonly Claim[], { isInputOnly, limitsOutput }: Source): CatalogueRow {
  const outputTokens = most(claims.map((claim) => claim.outputTokens));
  const contextTokens = most(claims.map((claim) => claim.contextTokens));
  const total = isInputOnly === true && contextTokens > 0 ? contextTokens + outputTokens : contextTokens;
  const saying = (value: boolean) => words.filter((word) => claims.some(({ flags }) => flags[word] === value));
  const can = saying(true);
  const cannot = saying(false).filter((word) => !can.includes(word));
  return [key, total, limitsOutput?.test(key) === true ? outputTokens : 0, can.join(' '), cannot.join(' ')];
}

/** Whether a model has all that its row says from the row of its name without date or version too. */
function isSaidBy([, contextTokens, outputTokens, can, cannot]: CatalogueRow, shorter: CatalogueRow | undefined): boolean {
  if (shorter === undefined) return false;
  const isAmong = (some: string, others: string): boolean => some.split(' ').every((word) => word === '' || others.split(' ').includes(word));
  return [0, shorter[1]].includes(contextTokens) && [0, shorter[2]].includes(outputTokens) && isAmong(can, shorter[3]) && isAmong(cannot, shorter[4]);
}

function toSection(source: Source, claims: readonly (readonly [id: string, claim: Claim])[]): string {
  const byKey = new Map<string, Claim[]>();
  for (const [id, claim] of claims) {
    const [key = id] = modelKeys(id);
    if (!isOther(key) && !moved.has(`${source.id}/${key}`)) byKey.set(key, [...(byKey.get(key) ?? []), claim]);
  }
  const rows = new Map([...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, list]) => [key, toRow(key, list, source)]));
  const kept = [...rows].filter(([key, row]) => {
    const shorter = modelKeys(key)
      .slice(1)
      .map((other) => rows.get(other))
      .find((other) => other !== undefined);
    return (row[1] > 0 || row[3] !== '' || row[4] !== '') && !isSaidBy(row, shorter);
  });
  return `  '${source.id}': [\n${kept.map(([, row]) => `    ${JSON.stringify(row)},`).join('\n')}\n  ],`;
}

const data = join(unpack(pi), 'dist', 'providers', 'data');
const profiles = new Map<Profiled, [string, Claim][]>();
for (const name of Object.keys(langchain) as Profiled[]) profiles.set(name, await profileClaims(name));

const sections: string[] = [];
for (const source of sources) {
  const ofProfiles = source.profiles === undefined ? [] : (profiles.get(source.profiles) ?? []);
  sections.push(toSection(source, [...source.pi.flatMap((file) => piClaims(data, file)), ...ofProfiles, ...(await priceClaims(source.id))]));
}
rmSync(folder, { recursive: true });

writeFileSync(
  new URL('../src/routing/catalogue/models.ts', import.meta.url),
  `// oxlint-disable max-lines -- data
import type { CatalogueRow } from './row.ts';

// Written by scripts/refresh-catalogue.ts from ${[pi, ...Object.values(langchain)].join(', ')} and @pydantic/genai-prices (all MIT licence). Not to be edited.

/** By the provider's id in the price catalogue. */
export const catalogue: Readonly<Record<string, readonly CatalogueRow[]>> = {
${sections.join('\n')}
};
`,
);
console.log(`${sections.join('\n').split('\n').length} lines written; run oxfmt on the file.`);
