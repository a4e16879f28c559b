import type { z } from 'zod';
import { configJsonSchema, fieldNames, fieldSchema, type FieldSchema } from './json-schema.ts';
import { nearName } from './near-name.ts';
import type { Finding, Path } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** What the schema found wrong in `data`, in sentences that say how to mend it. They never hold a value of the config. */
export function explainIssues(issues: readonly Issue[], data: unknown): Finding[] {
  const root = configJsonSchema();
  return issues.flatMap((issue) => explain(issue, { data, root }));
}

interface Context {
  data: unknown;
  root: FieldSchema;
}

function explain(issue: Issue, { data, root }: Context): Finding[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  const field = fieldSchema(root, path) ?? {};
  const value = valueAt(data, path);
  if (value === undefined) return [{ path, message: `is missing; ${add(field)}` }];
  if (value === null) return [{ path, message: 'is empty; give it a value or remove the line' }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownField(key, fieldNames(field)), at: 'key' }));
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? issue.message, at: 'key' }];
    case 'invalid_union':
      return explainUnion(issue, path, { data, root });
    case 'invalid_value':
      return [{ path, message: oneOf(issue.values.map(String), value) }];
    case 'invalid_type':
      return [{ path, message: `must be ${typeNames[issue.expected] ?? issue.expected}${example(field)}` }];
    case 'too_small':
    case 'too_big':
      return [{ path, message: range(field, value) }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** The faults of the form that was most likely meant: the one that is a group of fields, where the value is. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: Context): Finding[] {
  const meant = issue.errors.find((errors) => errors.every(({ path: inner, code }) => inner.length > 0 || code === 'unrecognized_keys'));
  if (meant !== undefined) return meant.flatMap((inner) => explain({ ...inner, path: [...path, ...inner.path] }, context));
  const forms = (fieldSchema(context.root, path)?.anyOf ?? []).map(shape);
  return [{ path, message: `must be ${forms.join(' or ')}` }];
}

/** A form of a value as it is written. */
function shape(form: FieldSchema): string {
  if (form.const !== undefined) return literal(form.const);
  return form.items === undefined ? `{ ${fieldNames(form).join(', ')}: … }` : `a list of ${shape(form.items)}`;
}

const literal = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function unknownField(key: string, known: readonly string[]): string {
  const near = nearName(key, known);
  return near === undefined ? `is not a field that can stand here; those are ${known.join(', ')}` : `is not a field; did you mean ${near}?`;
}

function oneOf(allowed: readonly string[], value: unknown): string {
  const near = typeof value === 'string' && allowed.length > 1 ? nearName(value, allowed) : undefined;
  const choices = allowed.length > 1 ? `one of ${allowed.join(', ')}` : allowed.join('');
  return `must be ${choices}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function range({ minimum, maximum }: FieldSchema, value: unknown): string {
  if (Array.isArray(value)) return 'must have at least one item; leave the field out where it may be';
  if (typeof value === 'string') return value === '' ? 'must not be empty' : 'is too long';
  return `must be from ${minimum} to ${maximum}`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, in [ ] or one "- " per line',
  object: 'a group of fields (name: value)',
  record: 'a group of names, each with its fields',
};

const example = ({ examples }: FieldSchema): string => {
  const [first] = examples ?? [];
  return first === undefined ? '' : `, such as ${typeof first === 'string' ? JSON.stringify(first) : JSON.stringify(first).replaceAll('"', '')}`;
};

const add = (field: FieldSchema): string => (field.description === undefined ? 'add it' : `add it: ${firstSentence(field.description)}`);
const firstSentence = (text: string): string => lowerFirst(text.split(/[.;] |\.$/)[0] ?? text);
const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);

/** The value at a path of parsed YAML. */
export function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, step)?.value;
  }
  return value;
}
