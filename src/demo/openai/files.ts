/* oxlint-disable typescript/no-deprecated -- the API still answers what its SDK calls deprecated, and so does its fake. */
import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { AddressedCall, PlainAnswer, PlainEndpoint } from '../vendor.ts';
import { openAIFault, openAIRefusal } from './error.ts';
import { fieldOf, readForm } from './multipart.ts';

/** Files that were uploaded or written by a batch, the last thousand. */
export interface FileStore {
  get(id: string): StoredFile | undefined;
  /** Gives it an id. */
  save(file: { filename: string; purpose: FileObject['purpose']; bytes: Buffer }): FileObject;
  delete(id: string): boolean;
  all(): FileObject[];
}

export interface StoredFile {
  object: FileObject;
  bytes: Buffer;
}

const maxFiles = 1000;
const purposes = ['assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals'];

export function createFileStore(nowSeconds: () => number): FileStore {
  const files = new Map<string, StoredFile>();
  let count = 0;
  return {
    get: (id) => files.get(id),
    save({ filename, purpose, bytes }) {
      const id = `file-demo${String(++count).padStart(6, '0')}`;
      const object: FileObject = { id, object: 'file', bytes: bytes.length, created_at: nowSeconds(), filename, purpose, status: 'processed' };
      files.set(id, { object, bytes });
      const [oldest] = files.keys();
      if (files.size > maxFiles && oldest !== undefined) files.delete(oldest);
      return object;
    },
    delete: (id) => files.delete(id),
    all: () => Array.from(files.values(), ({ object }) => object),
  };
}

/** Files as https://platform.openai.com/docs/api-reference/files has them: upload, list, look, read, delete. */
export const fileEndpoints = (files: FileStore): PlainEndpoint[] => [
  {
    name: 'upload a file',
    takes: 'bytes',
    match: (method, path) => (method === 'POST' && path === '/v1/files' ? {} : undefined),
    answer: (call) => upload(call, files),
  },
  {
    name: 'list files',
    match: (method, path) => (method === 'GET' && path === '/v1/files' ? {} : undefined),
    answer: () => ({ json: listOf(files.all().toReversed()) }),
  },
  {
    name: 'look at a file, or delete it',
    match: (method, path) => (method === 'GET' || method === 'DELETE' ? idIn(path, /^\/v1\/files\/([^/]+)$/) : undefined),
    answer({ method, address }) {
      const id = String(address['id']);
      const found = files.get(id);
      if (!found) return noSuchFile(id);
      return { json: method === 'GET' ? found.object : ({ id, object: 'file', deleted: files.delete(id) } satisfies FileDeleted) };
    },
  },
  {
    name: 'read a file',
    match: (method, path) => (method === 'GET' ? idIn(path, /^\/v1\/files\/([^/]+)\/content$/) : undefined),
    answer({ address }) {
      const id = String(address['id']);
      const found = files.get(id);
      return found ? { bytes: found.bytes, headers: { 'content-type': 'application/octet-stream' } } : noSuchFile(id);
    },
  },
];

/** The id in a path of stored objects. */
export function idIn(path: string, pattern: RegExp): { id: string } | undefined {
  const id = pattern.exec(path)?.[1];
  return id === undefined ? undefined : { id: decodeURIComponent(id) };
}

/** A page that holds all there is, as OpenAI writes lists. */
export const listOf = (data: readonly { id: string }[]): object => ({
  object: 'list',
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: false,
});

const noSuchFile = (id: string): PlainAnswer => ({ refusal: { ...openAIRefusal(404), param: 'id', message: `There is no file '${id}'.` } });

function upload({ headers, body }: AddressedCall, files: FileStore): PlainAnswer {
  const form = readForm(headers['content-type'], body);
  if (!form) return { refusal: openAIFault(undefined, undefined, 'The body is no multipart/form-data.') };
  const file = form.find(({ name }) => name === 'file');
  const purpose = fieldOf(form, 'purpose');
  if (file?.filename === undefined) return { refusal: openAIFault('file', 'missing_required_parameter', "'file' is required, and must be a file.") };
  if (purpose === undefined || !purposes.includes(purpose))
    return { refusal: openAIFault('purpose', 'invalid_value', `'purpose' may be ${purposes.join(', ')}.`) };
  return { json: files.save({ filename: file.filename, purpose: purpose as FileObject['purpose'], bytes: file.bytes }) };
}
