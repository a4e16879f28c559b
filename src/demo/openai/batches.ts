import type { Batch, BatchCreateParams } from 'openai/resources/batches';
import { integer, oneOf, record, text } from '../shape.ts';
import type { PlainAnswer, PlainEndpoint } from '../vendor.ts';
import { openAIFault, openAIProblem, openAIRefusal } from './error.ts';
import { metadata } from './fields.ts';
import { idIn, listOf } from './files.ts';
import type { FileStore } from './files.ts';

const shape = record(
  {
    input_file_id: text({ min: 1 }),
    endpoint: oneOf('/v1/responses', '/v1/chat/completions', '/v1/embeddings', '/v1/completions', '/v1/moderations', '/v1/images/generations'),
    completion_window: oneOf('24h'),
  },
  { metadata, output_expires_after: record({ anchor: oneOf('created_at'), seconds: integer({ min: 3600 }) }) },
);

/** Batches as https://platform.openai.com/docs/api-reference/batch has them: each is being validated at first, and done when it is looked at. */
export function createBatchEndpoints(files: FileStore, nowSeconds: () => number): PlainEndpoint[] {
  const batches = new Map<string, Batch>();
  return [
    {
      name: 'create a batch',
      match: (method, path) => (method === 'POST' && path === '/v1/batches' ? {} : undefined),
      answer({ json }) {
        const problem = shape(json, []);
        if (problem) return { refusal: openAIProblem(problem) };
        // The shape has just been checked.
        const { input_file_id, endpoint, completion_window, metadata: about = null } = json as BatchCreateParams;
        if (files.get(input_file_id)?.object.purpose !== 'batch')
          return { refusal: openAIFault('input_file_id', undefined, `There is no file '${input_file_id}' with the purpose 'batch'.`) };
        const id = `batch_demo${String(batches.size + 1).padStart(6, '0')}`;
        const batch: Batch = {
          id,
          object: 'batch',
          endpoint,
          input_file_id,
          completion_window,
          status: 'validating',
          created_at: nowSeconds(),
          metadata: about,
        };
        batches.set(id, batch);
        return { json: batch };
      },
    },
    {
      name: 'list batches',
      match: (method, path) => (method === 'GET' && path === '/v1/batches' ? {} : undefined),
      answer: () => ({ json: listOf([...batches.values()].toReversed()) }),
    },
    {
      name: 'look at a batch, or cancel it',
      match: (method, path) =>
        method === 'GET' ? idIn(path, /^\/v1\/batches\/([^/]+)$/) : method === 'POST' ? idIn(path, /^\/v1\/batches\/([^/]+)\/cancel$/) : undefined,
      takes: 'bytes',
      answer({ method, address }): PlainAnswer {
        const id = String(address['id']);
        const batch = batches.get(id);
        if (!batch) return { refusal: { ...openAIRefusal(404), param: 'id', message: `There is no batch '${id}'.` } };
        const next = method === 'GET' ? work(batch, files, nowSeconds()) : cancel(batch, nowSeconds());
        batches.set(id, next);
        return { json: next };
      },
    },
  ];
}

const cancel = (batch: Batch, cancelling_at: number): Batch =>
  batch.status === 'validating' ? { ...batch, status: 'cancelling', cancelling_at } : batch;

function work(batch: Batch, files: FileStore, completed_at: number): Batch {
  if (batch.status !== 'validating') return batch;
  const lines = (files.get(batch.input_file_id)?.bytes.toString() ?? '').split('\n').filter((line) => line.trim() !== '');
  const answers = lines.map((line, index) =>
    JSON.stringify({ id: `batch_req_${index}`, custom_id: customIdOf(line), response: { status_code: 200, body: {} }, error: null }),
  );
  const output = files.save({ filename: `${batch.id}_output.jsonl`, purpose: 'batch_output', bytes: Buffer.from(answers.join('\n')) });
  const request_counts = { total: lines.length, completed: lines.length, failed: 0 };
  return { ...batch, status: 'completed', completed_at, output_file_id: output.id, request_counts };
}

function customIdOf(line: string): unknown {
  try {
    const request: unknown = JSON.parse(line);
    return typeof request === 'object' && request !== null && 'custom_id' in request ? request.custom_id : null;
  } catch {
    return null;
  }
}
