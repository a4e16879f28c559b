import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** A provider that answers when it is told to. It speaks Chat Completions without streams. */
export interface Held {
  /** As a config's `baseUrl`, of kind `openai-compatible`. */
  url: string;
  /** What the last message of each request said, in the order in which they came. */
  readonly said: readonly string[];
  /** Requests that wait for their answers. */
  readonly open: number;
  /** Most that have waited at once. */
  readonly most: number;
  /** Answers so many of those that wait, the first first; all, and all that come later, where no number is given. */
  release(count?: number): void;
  /** Forgets what came, and holds what comes. Nothing may be waiting. */
  clear(): void;
  stop(): Promise<void>;
}

const message = { role: 'assistant', content: 'Here it is.' };
const answer = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message, finish_reason: 'stop' }],
});

/** Starts one on loopback. */
export async function startHeld(): Promise<Held> {
  const said: string[] = [];
  const waiting = new Set<ServerResponse>();
  let most = 0;
  let isReleased = false;
  const give = (response: ServerResponse): void => {
    waiting.delete(response);
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  };
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(incoming)) as { messages: { content: string }[] };
    said.push(body.messages.at(-1)?.content ?? '');
    waiting.add(response);
    response.once('close', () => waiting.delete(response));
    most = Math.max(most, waiting.size);
    if (isReleased) give(response);
  }

  const server = createServer({ keepAliveTimeout: 600_000 }, (incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`,
    said,
    get open() {
      return waiting.size;
    },
    get most() {
      return most;
    },
    release(count) {
      isReleased = count === undefined;
      for (const response of [...waiting].slice(0, count)) give(response);
    },
    clear() {
      said.length = 0;
      most = 0;
      isReleased = false;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
