/** A model server in raw bytes: what it was sent, and what it answers, is up to the test. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProviderConfig } from "@roost/agent";
import { testToken } from "../testing/create-test-gateway.ts";

export interface UpstreamCall {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface FakeUpstream extends AsyncDisposable {
  provider: Extract<ProviderConfig, { kind: "openai-compatible" }>;
  calls: UpstreamCall[];
  /** Answers the calls from now on. */
  answer: (call: UpstreamCall, response: ServerResponse) => void;
}

export const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

export function completion(content = "hello"): string {
  const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }];
  return JSON.stringify({ id: "c1", object: "chat.completion", created: 1, model: "m", choices, usage });
}

/** Chunks of a stream: texts, the chunk of usage where it is wanted, and the end. */
export function chunksOf(texts: readonly string[], withUsage: boolean): string[] {
  const chunk = (fields: object) =>
    `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", ...fields })}\n\n`;
  return [
    ...texts.map((content) =>
      chunk({ choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }] }),
    ),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    ...(withUsage ? [chunk({ choices: [], usage })] : []),
    "data: [DONE]\n\n",
  ];
}

/** By default as OpenAI's: whole answers and streams, usage where it is asked for. */
export function answerAsOpenAi({ text }: UpstreamCall, response: ServerResponse): void {
  const { stream, stream_options: options } = JSON.parse(text) as {
    stream?: boolean;
    stream_options?: { include_usage?: boolean };
  };
  response.writeHead(200, {
    "content-type": stream === true ? "text/event-stream" : "application/json",
    "set-cookie": "a=b",
  });
  response.end(stream === true ? chunksOf(["hel", "lo"], options?.include_usage === true).join("") : completion());
}

export function refuse(status: number, message: string, headers: Record<string, string> = {}): FakeUpstream["answer"] {
  return (_call, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ error: { message, type: "t", param: null, code: "c" } }));
  };
}

export async function startUpstream(id: string, model = "small"): Promise<FakeUpstream> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const call = { path: request.url ?? "", headers: request.headers, text: Buffer.concat(parts).toString("utf8") };
      if (request.method === "GET") {
        response.setHeader("content-type", "application/json");
        return response.end(JSON.stringify({ object: "list", data: [{ id: model }, { id: "large" }] }));
      }
      upstream.calls.push(call);
      return upstream.answer(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream: FakeUpstream = {
    provider: {
      kind: "openai-compatible",
      id,
      model,
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      apiKey: `key-of-${id}`,
      price: { inputUsd: 100_000, cachedInputUsd: 50_000, outputUsd: 100_000 },
    },
    calls: [],
    answer: answerAsOpenAi,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return upstream;
}

export interface AskOptions {
  key?: string;
  path?: string;
  headers?: Record<string, string>;
  method?: string;
}

/** Calls the door at `url`; by default chat completions, as the person. */
export function askDoor(
  url: string,
  body: string,
  { key = testToken, path = "/v1/chat/completions", headers = {}, method = "POST" }: AskOptions = {},
) {
  const json = { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers };
  return fetch(`${url}${path}`, { method, headers: json, ...(method === "GET" ? {} : { body }) });
}
