// A real HTTP server for chat completions from a script: streaming or not, with usage, stalls, broken streams and failures. For tests, benchmarks
// and experiments; never part of the product.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonValue } from "@roost/base";
import type { Script, ScriptedReply, ScriptedRequest, WireMessage } from "./scripted-reply.ts";
import { sendScriptedReply } from "./send-scripted-reply.ts";

export interface ScriptedModelServerOptions {
  script: Script;
  /** What /v1/models lists. */
  models?: string[];
  /** Requests with another bearer key get 401. */
  apiKey?: string;
  port?: number | undefined;
  /** Extra paths, for servers recognized by them: path → JSON body. */
  routes?: Record<string, JsonValue>;
}

export interface ScriptedModelServer extends AsyncDisposable {
  /** Up to and including /v1. */
  url: string;
  /** Every request to /chat/completions so far. */
  requests: ScriptedRequest[];
  /** Paths of all other requests. */
  otherPaths: string[];
  /** Requests whose client disconnected before the reply was complete. */
  readonly abortedCount: number;
  /** Replaces the script for later requests. */
  setScript(script: Script): void;
  /** Resolves when the request with this index (default: the next) has arrived. */
  arrived(index?: number): Promise<ScriptedRequest>;
  close(): Promise<void>;
}

const bodyBytesMax = 32 * 1024 * 1024;

export async function startScriptedModelServer(options: ScriptedModelServerOptions): Promise<ScriptedModelServer> {
  const state = createState(options);
  const server = createServer((request, response) => {
    answer(request, response, state).catch((error: unknown) => {
      // A script that throws is a bug in the test: report it to the client and in the reply.
      if (!response.headersSent) response.writeHead(500, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          error: { message: `the script failed: ${error instanceof Error ? error.message : String(error)}` },
        }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const close = () => closeServer(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: state.requests,
    otherPaths: state.otherPaths,
    get abortedCount() {
      return state.abortedCount;
    },
    setScript: (script) => {
      state.script = script;
    },
    arrived: (index = state.requests.length) => {
      const known = state.requests[index];
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => state.waiting.push({ index, resolve }));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface State {
  script: Script;
  options: ScriptedModelServerOptions;
  requests: ScriptedRequest[];
  otherPaths: string[];
  abortedCount: number;
  waiting: { index: number; resolve: (request: ScriptedRequest) => void }[];
}

function createState(options: ScriptedModelServerOptions): State {
  return { script: options.script, options, requests: [], otherPaths: [], abortedCount: 0, waiting: [] };
}

async function answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const body = await readBody(request);
  if (request.method !== "POST" || !path.endsWith("/chat/completions")) {
    state.otherPaths.push(path);
    const known =
      state.options.routes?.[path] ??
      (path.endsWith("/models") ? modelList(state.options.models ?? ["scripted"]) : undefined);
    return sendJson(response, known === undefined ? 404 : 200, known ?? { error: { message: `nothing at ${path}` } });
  }
  if (state.options.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.options.apiKey}`) {
    return sendJson(response, 401, {
      error: { message: "Incorrect API key provided", type: "invalid_request_error", code: "invalid_api_key" },
    });
  }
  const scripted = readRequest(request, body, { response, state });
  state.requests.push(scripted);
  state.waiting = state.waiting.filter(({ index, resolve }) => {
    if (index >= state.requests.length) return true;
    resolve(state.requests[index]!);
    return false;
  });
  const reply: ScriptedReply = await state.script(scripted);
  await sendScriptedReply(scripted, typeof reply === "string" ? { text: reply } : reply, response);
}

function readRequest(
  request: IncomingMessage,
  text: string,
  context: { response: ServerResponse; state: State },
): ScriptedRequest {
  const body = JSON.parse(text) as ScriptedRequest["body"];
  const messages = ((body["messages"] ?? []) as unknown as WireMessage[]).map(withPlainContent);
  const lastAssistant = messages.findLastIndex((message) => message.role === "assistant");
  const tools = (body["tools"] ?? []) as { function: { name: string } }[];
  return {
    index: context.state.requests.length,
    headers: request.headers,
    body,
    messages,
    systemText: messages
      .filter((message) => message.role === "system")
      .map((message) => message.content)
      .join("\n"),
    userText: messages.findLast((message) => message.role === "user")?.content ?? "",
    toolResults: messages
      .slice(lastAssistant + 1)
      .filter((message) => message.role === "tool")
      .map((message) => ({ toolCallId: message.tool_call_id ?? "", text: message.content ?? "" })),
    toolNames: tools.map((tool) => tool.function.name),
    isStreaming: body["stream"] === true,
    aborted: new Promise((resolve) => {
      context.response.once("close", () => {
        if (context.response.writableFinished) return;
        context.state.abortedCount += 1;
        resolve();
      });
    }),
  };
}

/** Content may be a list of parts; scripts read text. */
function withPlainContent(message: WireMessage): WireMessage {
  const { content } = message as { content: unknown };
  if (!Array.isArray(content)) return message;
  return { ...message, content: content.map((part: { text?: string }) => part.text ?? "").join("") };
}

function modelList(models: string[]): JsonValue {
  return { object: "list", data: models.map((id) => ({ id, object: "model", owned_by: "scripted" })) };
}

function sendJson(response: ServerResponse, status: number, body: JsonValue): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let byteCount = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    byteCount += part.byteLength;
    if (byteCount > bodyBytesMax) throw new Error(`the request is longer than ${bodyBytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
