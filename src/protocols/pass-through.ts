import { parseJson, type JsonNode } from '../framing/json.ts';
import { replaceValue, splice, type Edit } from '../framing/splice.ts';
import { decoded } from './client-path.ts';

/** Groups of OpenAI's endpoints that are passed through without being read; prices and messages go by them. */
export const passThroughGroups = ['images', 'audio', 'moderations', 'files', 'batches', 'fine_tuning', 'responses'] as const;
export type PassThroughGroup = (typeof passThroughGroups)[number];

/** A call that passes through to a provider. */
export interface PassThroughCall {
  group: PassThroughGroup;
  /** Path below the provider's base URL; `{id}` stands for the id of a stored object. */
  path: string;
  /** The id of a stored object as the client's path has it; undefined where it names none. */
  id: string | undefined;
  /** The name of the model or deployment, where the path has one (Azure's). */
  model: string | undefined;
  /** Whether the answer is JSON that names stored objects; else nobody looks at it. Requests are looked at wherever they are JSON. */
  readsAnswer: boolean;
}

interface Rule {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  readsAnswer?: boolean;
}

/** What is passed, of https://platform.openai.com/docs/api-reference. Lists are not: they would show other tenants' objects. */
const rules: readonly Rule[] = [
  ...['images/generations', 'images/edits', 'images/variations'].map((path): Rule => ({ method: 'POST', path })),
  ...['audio/speech', 'audio/transcriptions', 'audio/translations', 'moderations'].map((path): Rule => ({ method: 'POST', path })),
  { method: 'POST', path: 'files', readsAnswer: true },
  { method: 'GET', path: 'files/{id}', readsAnswer: true },
  { method: 'DELETE', path: 'files/{id}', readsAnswer: true },
  { method: 'GET', path: 'files/{id}/content' },
  { method: 'POST', path: 'batches', readsAnswer: true },
  { method: 'GET', path: 'batches/{id}', readsAnswer: true },
  { method: 'POST', path: 'batches/{id}/cancel', readsAnswer: true },
  { method: 'POST', path: 'fine_tuning/jobs', readsAnswer: true },
  { method: 'GET', path: 'fine_tuning/jobs/{id}', readsAnswer: true },
  { method: 'POST', path: 'fine_tuning/jobs/{id}/cancel', readsAnswer: true },
  { method: 'GET', path: 'fine_tuning/jobs/{id}/events', readsAnswer: true },
  { method: 'GET', path: 'responses/{id}', readsAnswer: true },
  { method: 'DELETE', path: 'responses/{id}', readsAnswer: true },
  { method: 'POST', path: 'responses/{id}/cancel', readsAnswer: true },
  { method: 'GET', path: 'responses/{id}/input_items', readsAnswer: true },
];

const bases = [/^\/v1\//, /^\/openai\/v1\//, /^\/openai\/deployments\/([^/]+)\//, /^\/openai\//];

/** The call that a request line makes, if it is one of those that pass through; `listed` where it asks for a list of stored objects. */
export function matchPassThrough(method: string, path: string): PassThroughCall | 'listed' | undefined {
  for (const base of bases) {
    const found = base.exec(path);
    if (found === null) continue;
    const rest = path.slice(found[0].length);
    if (method === 'GET' && ['files', 'batches', 'fine_tuning/jobs', 'responses'].includes(rest)) return 'listed';
    for (const rule of rules) {
      const id = rule.method === method ? idIn(rule.path, rest) : undefined;
      if (id !== undefined) return toCall(rule, id, found[1]);
    }
  }
  return undefined;
}

function toCall({ path, readsAnswer = false }: Rule, id: string, model: string | undefined): PassThroughCall {
  const group = passThroughGroups.find((each) => path === each || path.startsWith(`${each}/`));
  if (group === undefined) throw new Error(`no group for ${path}`);
  return {
    group,
    path: `/${path}`,
    id: id === '' ? undefined : decoded(id),
    model: model === undefined ? undefined : decoded(model),
    readsAnswer,
  };
}

/** The id in a path of this pattern: empty where the pattern has none, undefined where the path does not fit. */
function idIn(pattern: string, path: string): string | undefined {
  const [before = '', after] = pattern.split('{id}');
  if (after === undefined) return path === pattern ? '' : undefined;
  if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length) return undefined;
  const id = path.slice(before.length, path.length - after.length);
  return id.includes('/') ? undefined : id;
}

/** Fields whose value names a stored object, in requests and answers of these endpoints; in an `id`, one may stand. */
const idFields: ReadonlySet<string> = new Set([
  'id',
  'input_file_id',
  'output_file_id',
  'error_file_id',
  'training_file',
  'validation_file',
  'result_files',
  'previous_response_id',
  'response_id',
  'file_id',
  'first_id',
  'last_id',
]);

/** A JSON document of these endpoints with the ids of stored objects changed, wherever they stand; `rename` gives undefined for what stays. Throws JsonSyntaxError. */
export function withRenamedIds(bytes: Buffer, rename: (id: string, path: string) => string | undefined): Buffer {
  const edits: Edit[] = [];
  const walk = (node: JsonNode, isId: boolean): void => {
    if (node.type === 'array') for (const item of node.items()) walk(item, isId);
    else if (node.type === 'object') for (const { key, value } of node.fields()) walk(value, idFields.has(key.string()));
    else if (node.type === 'string' && isId) {
      const renamed = rename(node.string(), node.path);
      if (renamed !== undefined) edits.push(replaceValue(node, JSON.stringify(renamed)));
    }
  };
  walk(parseJson(bytes), false);
  return splice(bytes, edits);
}

/** Whether what stands in one of those fields names an object that a provider keeps and gives out to whoever names it. */
export function namesStored(id: string, path: string): boolean {
  if (/^(?:file-|batch_|ftjob-|resp_)/.test(id)) return true;
  if (path.startsWith('metadata')) return false; // the client's own
  return !/(^|\.)id$/.test(path) || /^(?:id|(?:output|data)\[\d+\]\.id)$/.test(path);
}
