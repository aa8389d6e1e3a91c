/** Sends a notice to the person's webhook: JSON, signed by the rules of Standard Webhooks, with an id that is the same in all attempts. */
import { signMessage, type SignedMessage } from "@roost/access";
import { RoostError, systemClock, type Clock } from "@roost/base";

export interface Webhook {
  url: string;
  /** Sent as a bearer token. */
  token?: string | undefined;
  /** What it is signed with: `whsec_…`. */
  key: string;
}

export interface WebhookMessage {
  text: string;
  level: string;
  runId: string | null;
  jobId: string | null;
  at: string;
}

const timeoutMsMax = 15_000;

/** @throws RoostError `unavailable` or `timeout` when it may be retried, `invalid_input` when the receiver refuses it for good */
export async function postWebhook(
  webhook: Webhook,
  message: WebhookMessage,
  options: { idempotencyKey: string; signal: AbortSignal; clock?: Clock },
): Promise<void> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMsMax)]);
  const { host } = new URL(webhook.url);
  const { clock = systemClock } = options;
  const body = JSON.stringify(message);
  // Of this attempt: a receiver refuses what is too old.
  const timestamp = String(Math.floor(clock.nowMs() / 1_000));
  const response = await fetch(webhook.url, {
    method: "POST",
    headers: headersOf(webhook, { id: options.idempotencyKey, timestamp, body }),
    body,
    // Not followed: its status is the reason.
    redirect: "manual",
    signal,
  }).catch((error: Error) => {
    if (error.name === "TimeoutError")
      throw new RoostError("timeout", `The webhook ${host} gave no answer in time`, { cause: error });
    // Never the text of an error: it may quote the URL with its secrets.
    const { code = "the request failed" } = (error.cause ?? error) as NodeJS.ErrnoException;
    throw new RoostError("unavailable", `The webhook ${host} cannot be reached: ${code}`, { cause: error });
  });
  await response.body?.cancel();
  if (response.ok) return;
  const isPassing = response.status >= 500 || response.status === 429 || response.status === 408;
  throw new RoostError(
    isPassing ? "unavailable" : "invalid_input",
    `The webhook ${host} answered with status ${response.status}`,
  );
}

function headersOf({ token, key }: Webhook, message: SignedMessage): Headers {
  const headers = new Headers({
    "content-type": "application/json",
    "idempotency-key": message.id,
    "user-agent": "roost",
    "webhook-id": message.id,
    "webhook-timestamp": message.timestamp,
    "webhook-signature": signMessage(key, message),
  });
  try {
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  } catch {
    // No cause: the error quotes the token.
    throw new RoostError("invalid_input", "The token of the webhook cannot be sent in a header: write it as one line");
  }
  return headers;
}
