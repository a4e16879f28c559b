import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** A request as it arrived, and what became of its answer so far. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the case and order in which they came. */
  readonly rawHeaders: readonly string[];
  /** Complete, unless the client went away while it was sending. */
  readonly body: Buffer;
  /** The status that was answered; 0 as long as there is none. */
  readonly status: number;
  /** Bytes of the answer's body handed to the connection. */
  readonly bytesWritten: number;
  /** True when the client went away before it had all of the answer. A break that the provider was told to make is not counted. */
  readonly aborted: boolean;
  /** Resolves when the exchange is over, however it ended. */
  readonly closed: Promise<void>;
}

/** The server's own view of a recorded request. */
export interface OpenRequest extends RecordedRequest {
  status: number;
  bytesWritten: number;
  aborted: boolean;
  /** The provider itself breaks off. */
  brokenOff: boolean;
  /** Closes the record when the response does. */
  until(response: ServerResponse, gone: AbortSignal): void;
}

/** The last requests that arrived: bounded by number, and by the bytes of their bodies. */
export interface Journal {
  readonly requests: readonly RecordedRequest[];
  record(incoming: IncomingMessage, body: Buffer): OpenRequest;
  clear(): void;
  /** Resolves with the first request to arrive after the call. */
  next(): Promise<RecordedRequest>;
}

const maxBodyBytes = 256 * 1024 * 1024;

export function createJournal(maxRequests: number): Journal {
  const requests: OpenRequest[] = [];
  let bodyBytes = 0;
  let waiting: ((request: RecordedRequest) => void)[] = [];

  function bound(): void {
    while (requests.length > maxRequests || (bodyBytes > maxBodyBytes && requests.length > 1)) bodyBytes -= requests.shift()?.body.length ?? 0;
  }

  return {
    requests,
    record(incoming, body) {
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const { method = '', url: path = '', headers, rawHeaders } = incoming;
      const request: OpenRequest = {
        method,
        path,
        headers,
        rawHeaders,
        body,
        closed,
        status: 0,
        bytesWritten: 0,
        aborted: false,
        brokenOff: false,
        until(response, gone) {
          const close = (): void => {
            request.aborted = !response.writableFinished && !request.brokenOff;
            resolve();
          };
          if (gone.aborted) close();
          else gone.addEventListener('abort', close, { once: true });
        },
      };
      requests.push(request);
      bodyBytes += body.length;
      bound();
      for (const tell of waiting) tell(request);
      waiting = [];
      return request;
    },
    clear() {
      requests.length = 0;
      bodyBytes = 0;
    },
    next() {
      const { promise, resolve } = Promise.withResolvers<RecordedRequest>();
      waiting.push(resolve);
      return promise;
    },
  };
}
