import { toRoostError } from "@roost/base";

const recheckMs = 5_000;

/** The same stream, which ends when its caller is none any more: a key that was revoked, a session that is over. */
export function whileAllowed(response: Response, check: () => Promise<unknown>): Response {
  if (response.body === null) return response;
  const gone = new AbortController();
  const timer = setInterval(() => {
    check().catch((error: unknown) => {
      if (toRoostError(error).code === "unauthenticated") gone.abort();
    });
  }, recheckMs).unref();
  const through = new TransformStream<Uint8Array, Uint8Array>();
  void response.body
    .pipeTo(through.writable, { signal: gone.signal })
    .catch(() => undefined)
    .finally(() => clearInterval(timer));
  return new Response(through.readable, { status: response.status, headers: response.headers });
}
