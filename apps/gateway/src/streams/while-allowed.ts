import type { ServerResponse } from "node:http";
import { toRoostError } from "@roost/base";

type Check = () => Promise<unknown>;

const recheckMs = 5_000;
/** Who calls with a right token is never told that there were too many wrong ones. */
const refused: ReadonlySet<string> = new Set(["unauthenticated", "limit_exceeded"]);

/** The same stream, which ends when its caller is none any more: a key that was revoked, a session that is over. */
export function whileAllowed(response: Response, check: Check): Response {
  if (response.body === null) return response;
  const gone = new AbortController();
  const stop = recheck(check, () => gone.abort());
  const through = new TransformStream<Uint8Array, Uint8Array>();
  void response.body
    .pipeTo(through.writable, { signal: gone.signal })
    .catch(() => undefined)
    .finally(stop);
  return new Response(through.readable, { status: response.status, headers: response.headers });
}

/** Aborted when the caller is none any more, for a stream that ends by its signal; looked at until `over`. */
export function allowedUntil(check: Check, over: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const stop = recheck(check, () => gone.abort());
  over.addEventListener("abort", stop, { once: true });
  return gone.signal;
}

/** The same for an answer on the server's own response. */
export function closeUnlessAllowed(response: Pick<ServerResponse, "once" | "destroy">, check: Check): void {
  response.once(
    "close",
    recheck(check, () => response.destroy()),
  );
}

function recheck(check: Check, onGone: () => void): () => void {
  const timer = setInterval(() => {
    check().catch((error: unknown) => {
      if (refused.has(toRoostError(error).code)) onGone();
    });
  }, recheckMs).unref();
  return () => clearInterval(timer);
}
