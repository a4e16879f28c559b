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
  /** Whether the request's body is JSON that may name stored objects; else nobody looks at it. */
  readsBody: boolean;
  /** Whether the answer is JSON that names stored objects; else nobody looks at it. */
  readsAnswer: boolean;
}

interface Rule {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  reads?: 'body' | 'answer' | 'both';
}

/** What is passed, of https://platform.openai.com/docs/api-reference. Lists are not: they would show other tenants' objects. */
const rules: readonly Rule[] = [
  ...['images/generations', 'images/edits', 'images/variations'].map((path): Rule => ({ method: 'POST', path })),
  ...['audio/speech', 'audio/transcriptions', 'audio/translations', 'moderations'].map((path): Rule => ({ method: 'POST', path })),
  { method: 'POST', path: 'files', reads: 'answer' },
  { method: 'GET', path: 'files/{id}', reads: 'answer' },
  { method: 'DELETE', path: 'files/{id}', reads: 'answer' },
  { method: 'GET', path: 'files/{id}/content' },
  { method: 'POST', path: 'batches', reads: 'both' },
  { method: 'GET', path: 'batches/{id}', reads: 'answer' },
  { method: 'POST', path: 'batches/{id}/cancel', reads: 'answer' },
  { method: 'POST', path: 'fine_tuning/jobs', reads: 'both' },
  { method: 'GET', path: 'fine_tuning/jobs/{id}', reads: 'answer' },
  { method: 'POST', path: 'fine_tuning/jobs/{id}/cancel', reads: 'answer' },
  { method: 'GET', path: 'fine_tuning/jobs/{id}/events', reads: 'answer' },
  { method: 'GET', path: 'responses/{id}', reads: 'answer' },
  { method: 'DELETE', path: 'responses/{id}', reads: 'answer' },
  { method: 'POST', path: 'responses/{id}/cancel', reads: 'answer' },
  { method: 'GET', path: 'responses/{id}/input_items' },
];

const bases = [/^\/v1\//, /^\/openai\/v1\//, /^\/openai\/deployments\/([^/]+)\//];

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

function toCall({ path, reads }: Rule, id: string, model: string | undefined): PassThroughCall {
  const [group] = passThroughGroups.filter((each) => path === each || path.startsWith(`${each}/`));
  if (group === undefined) throw new Error(`no group for ${path}`);
  return {
    group,
    path: `/${path}`,
    id: id === '' ? undefined : decoded(id),
    model: model === undefined ? undefined : decoded(model),
    readsBody: reads === 'body' || reads === 'both',
    readsAnswer: reads === 'answer' || reads === 'both',
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

/** Fields that name stored objects, in requests and answers of these endpoints. */
const idFields: ReadonlySet<string> = new Set([
  'id',
  'input_file_id',
  'output_file_id',
  'error_file_id',
  'training_file',
  'validation_file',
  'previous_response_id',
  'response_id',
  'file_id',
]);

/** A JSON document of these endpoints with the ids of stored objects changed, wherever they stand; `rename` gives undefined for what stays. Throws JsonSyntaxError. */
export function withRenamedIds(bytes: Buffer, rename: (id: string, path: string) => string | undefined): Buffer {
  const edits: Edit[] = [];
  const walk = (node: JsonNode): void => {
    if (node.type === 'array') for (const item of node.items()) walk(item);
    else if (node.type === 'object') {
      for (const { key, value } of node.fields()) {
        if (value.type !== 'string') walk(value);
        else if (idFields.has(key.string())) {
          const renamed = rename(value.string(), value.path);
          if (renamed !== undefined) edits.push(replaceValue(value, JSON.stringify(renamed)));
        }
      }
    }
  };
  walk(parseJson(bytes));
  return splice(bytes, edits);
}

/** Whether an id is of an object that a provider keeps and gives out to whoever names it. */
export const isStoredId = (id: string): boolean => /^(?:file-|batch_|ftjob-|resp_)/.test(id);
