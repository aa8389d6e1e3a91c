// Asks servers what they are, with short time limits and small answers. A server that is unreachable, slow or does not answer JSON counts as
// absent.

import { limitBytes, RoostError } from "@roost/base";

export interface Probe {
  /** The JSON at this URL, or undefined. A `body` is posted. */
  json(url: string, options?: { body?: object; apiKey?: string }): Promise<unknown>;
}

/** A closed port is known at once. Only a machine under load, or a port that swallows requests, takes this long. */
const timeoutMsDefault = 3_000;
/** A server that is configured with a key exists; it may be far away. */
const keyedTimeoutMsDefault = 30_000;
const answerBytesMax = 4 * 1024 * 1024;

export function createProbe(options: { fetch?: typeof globalThis.fetch; timeoutMs?: number } = {}): Probe {
  const { fetch = globalThis.fetch, timeoutMs } = options;
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
        signal: AbortSignal.timeout(
          timeoutMs ?? (request.apiKey === undefined ? timeoutMsDefault : keyedTimeoutMsDefault),
        ),
      });
      if (!response.ok || !(response.headers.get("content-type") ?? "").includes("json")) {
        await response.body?.cancel();
        return undefined;
      }
      return JSON.parse(await readText(response)) as unknown;
    } catch {
      return undefined;
    }
  };
  return { json };
}

/** @throws past the limit, which closes the connection */
async function readText({ body }: Response): Promise<string> {
  const refuse = () => new RoostError("limit_exceeded", `the answer is longer than ${answerBytesMax} bytes`);
  const parts = await Array.fromAsync(limitBytes(body ?? [], { bytesMax: answerBytesMax, refuse }));
  return new TextDecoder().decode(Buffer.concat(parts));
}
