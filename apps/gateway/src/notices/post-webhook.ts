/** Sends a notice to the person's webhook: JSON, with an Idempotency-Key that is the same in all attempts. */
import { RoostError } from "@roost/base";

export interface Webhook {
  url: string;
  /** Sent as a bearer token. */
  token?: string;
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
  options: { idempotencyKey: string; signal: AbortSignal },
): Promise<void> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMsMax)]);
  const { host } = new URL(webhook.url);
  const response = await fetch(webhook.url, {
    method: "POST",
    headers: headersOf(webhook, options.idempotencyKey),
    body: JSON.stringify(message),
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

function headersOf({ token }: Webhook, idempotencyKey: string): Headers {
  const headers = new Headers({
    "content-type": "application/json",
    "idempotency-key": idempotencyKey,
    "user-agent": "roost",
  });
  try {
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  } catch {
    // No cause: the error quotes the token.
    throw new RoostError("invalid_input", "The token of the webhook cannot be sent in a header: write it as one line");
  }
  return headers;
}
