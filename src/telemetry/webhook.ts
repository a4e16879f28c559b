/** Where messages for people go. */
export interface Webhook {
  webhook: URL;
  /** Sent as `Authorization: Bearer`; undefined for nothing. */
  token: string | undefined;
}

/** Longest call, in milliseconds. */
const timeoutMs = 10_000;

/** Posts a message as JSON. Rejects where it is not taken; its address and token are in no error. */
export async function post({ webhook, token }: Webhook, message: object, fetch: typeof globalThis.fetch): Promise<void> {
  const response = await fetch(webhook, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook of alerts answered ${response.status}`);
}
