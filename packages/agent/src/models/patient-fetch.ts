/** Node's own `fetch` gives up after five minutes without a byte: here only the caller's signal ends the wait. For servers that may be silent for longer. */
import type { Agent } from "undici";

/** After so long without a byte Node's `fetch` ends, whatever its caller waits for. */
export const fetchSilenceMsMax = 300_000;

/** The client is loaded by the first call: others need none of its 109 modules. */
export function createPatientFetch(): typeof globalThis.fetch {
  let opening: Promise<{ fetch: typeof globalThis.fetch; dispatcher: Agent }> | undefined;
  return async (input, init) => {
    const { fetch, dispatcher } = await (opening ??= open());
    const options: object = { ...init, dispatcher };
    return await fetch(input, options);
  };
}

async function open() {
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  // The same interface, declared twice.
  return { fetch: fetch as unknown as typeof globalThis.fetch, dispatcher };
}
