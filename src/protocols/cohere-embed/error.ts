import type { ProviderFailure } from '../../llm/part.ts';
import { failureInside } from '../failure.ts';
import type { ClientError } from '../protocol.ts';
import { textOf, type WireObject } from '../untrusted.ts';

/** An error for a client of Cohere's API, which has a message and no codes (https://docs.cohere.com/reference/errors). Our code goes with it where there is one. */
export const encodeError = ({ code, message }: ClientError): string => JSON.stringify({ message, code: code === '' ? undefined : code });

/** An error that came with status 200; undefined for an answer. */
export const failureIn = (answer: WireObject, whole: string): ProviderFailure | undefined =>
  answer[whole] === undefined && textOf(answer['message']) !== '' ? failureInside(answer, new Map()) : undefined;
