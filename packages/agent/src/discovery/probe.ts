// Asks servers what they are, with short time limits and small answers. A server that is unreachable, slow or does not answer JSON counts as
// absent.

export interface Probe {
  /** The JSON at this URL, or undefined. A `body` is posted. */
  json(url: string, options?: { body?: object; apiKey?: string }): Promise<unknown>;
}

/** A closed port is known at once. Only a machine under load, or a port that swallows requests, takes this long. */
const timeoutMsDefault = 3_000;
const answerCharsMax = 4 * 1024 * 1024;

export function createProbe(options: { fetch?: typeof globalThis.fetch; timeoutMs?: number } = {}): Probe {
  const { fetch = globalThis.fetch, timeoutMs = timeoutMsDefault } = options;
  const json: Probe["json"] = async (url, request = {}) => {
    try {
      const response = await fetch(url, {
        method: request.body === undefined ? "GET" : "POST",
        headers: {
          accept: "application/json",
          ...(request.body === undefined ? {} : { "content-type": "application/json" }),
          ...(request.apiKey === undefined ? {} : { authorization: `Bearer ${request.apiKey}` }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        redirect: "error",
        signal: AbortSignal.timeout(request.apiKey === undefined ? timeoutMs : timeoutMs * 10),
      });
      if (!response.ok || !(response.headers.get("content-type") ?? "").includes("json")) {
        await response.body?.cancel();
        return undefined;
      }
      const text = await response.text();
      return text.length > answerCharsMax ? undefined : (JSON.parse(text) as unknown);
    } catch {
      return undefined;
    }
  };
  return { json };
}
