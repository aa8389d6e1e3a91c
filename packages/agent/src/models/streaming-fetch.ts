// A fetch for chat completions that always answers with an event stream, also in front of servers
// that cannot stream, refuse `stream_options`, or answer a stream request with plain JSON.

import { RoostError } from "@roost/base";

type Fetch = typeof globalThis.fetch;

export interface StreamingFetchOptions {
  fetch: Fetch;
  /** False: never ask for a stream. */
  streaming: boolean;
  bodyBytesMax: number;
}

const refusalBytesMax = 64 * 1024;

/** What the server was found not to take is remembered for this provider and not sent again. */
export function createStreamingFetch(options: StreamingFetchOptions): Fetch {
  let canStream = options.streaming;
  let takesStreamOptions = true;

  return async (input, init) => {
    const asked = bodyOf(init);
    if (asked === undefined || asked["stream"] !== true) return await options.fetch(input, init);
    for (;;) {
      const response = await options.fetch(input, {
        ...init,
        body: JSON.stringify(withoutUntaken(asked, { canStream, takesStreamOptions })),
      });
      if (response.ok) return await asEventStream(response, options.bodyBytesMax);
      if (!canStream || (response.status !== 400 && response.status !== 422 && response.status !== 501))
        return response;
      const text = (await response.clone().text()).slice(0, refusalBytesMax);
      if (takesStreamOptions && /stream_options|include_usage/i.test(text)) takesStreamOptions = false;
      else if (/\bstream(ing|ed)?\b/i.test(text) && /not|n't|unsupported|only|must|cannot/i.test(text))
        canStream = false;
      else return response;
      await response.body?.cancel();
    }
  };
}

function bodyOf(init: RequestInit | undefined): Record<string, unknown> | undefined {
  if (typeof init?.body !== "string") return undefined;
  const value: unknown = JSON.parse(init.body);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function withoutUntaken(
  asked: Record<string, unknown>,
  server: { canStream: boolean; takesStreamOptions: boolean },
): Record<string, unknown> {
  const body = { ...asked };
  if (!server.canStream) body["stream"] = false;
  if (!server.canStream || !server.takesStreamOptions) delete body["stream_options"];
  return body;
}

async function asEventStream(response: Response, bodyBytesMax: number): Promise<Response> {
  if (!(response.headers.get("content-type") ?? "").includes("application/json")) return response;
  const completion = JSON.parse(await readText(response, bodyBytesMax)) as {
    choices?: { index?: number; message?: Record<string, unknown>; finish_reason?: string | null }[];
  };
  const choices = completion.choices?.map(({ message, finish_reason: finishReason }) => ({
    index: 0,
    delta: { ...message, role: "assistant", ...indexedToolCalls(message?.["tool_calls"]) },
    finish_reason: finishReason ?? "stop",
  }));
  const chunk = { ...completion, object: "chat.completion.chunk", ...(choices === undefined ? {} : { choices }) };
  const headers = new Headers(response.headers);
  headers.set("content-type", "text/event-stream");
  headers.delete("content-length");
  headers.delete("content-encoding");
  return new Response(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`, { status: response.status, headers });
}

function indexedToolCalls(toolCalls: unknown): { tool_calls?: unknown[] } {
  if (!Array.isArray(toolCalls)) return {};
  return { tool_calls: toolCalls.map((call: object, index) => ({ ...call, index })) };
}

async function readText(response: Response, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let byteCount = 0;
  for await (const bytes of response.body ?? []) {
    byteCount += bytes.byteLength;
    if (byteCount > bytesMax) throw new RoostError("limit_exceeded", `the reply is longer than ${bytesMax} bytes`);
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}
