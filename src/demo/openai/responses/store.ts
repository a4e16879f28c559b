import type { Response, ResponseInputItem, ResponseUsage } from 'openai/resources/responses/responses';

/** A response as it is sent: `output_text` is what the SDK adds, and usage is null while it is not counted. */
export type WireResponse = Omit<Response, 'output_text' | 'usage'> & { usage: ResponseUsage | null };

/** A response that is kept, as `store` asks for unless it is false. */
export interface StoredResponse {
  response: WireResponse;
  /** What the request itself brought. */
  input: readonly ResponseInputItem[];
  /** All that a next response with this as its `previous_response_id` starts from. */
  conversation: readonly ResponseInputItem[];
}

/** Stored responses, the last thousand. */
export interface ResponseStore {
  get(id: string): StoredResponse | undefined;
  save(stored: StoredResponse): void;
  /** False where there was none. */
  delete(id: string): boolean;
  /** An item of a stored response's output. */
  item(id: string): ResponseInputItem | undefined;
}

const maxResponses = 1000;

export function createResponseStore(): ResponseStore {
  const responses = new Map<string, StoredResponse>();
  return {
    get: (id) => responses.get(id),
    save(stored) {
      responses.set(stored.response.id, stored);
      for (const id of responses.keys()) {
        if (responses.size <= maxResponses) break;
        responses.delete(id);
      }
    },
    delete: (id) => responses.delete(id),
    item(id) {
      for (const { conversation } of responses.values()) {
        const found = conversation.find((item) => 'id' in item && item.id === id);
        if (found) return found;
      }
      return undefined;
    },
  };
}
