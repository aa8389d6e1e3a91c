// Requests to a scripted model server, and its possible answers. The server: ./start-scripted-model-server.ts.

import type { IncomingHttpHeaders } from "node:http";
import type { JsonValue } from "@roost/base";

/** One message of a request, in the wire form of chat completions. */
export interface WireMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string | null;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export interface ScriptedRequest {
  /** 0 for the first request to /chat/completions. */
  index: number;
  headers: IncomingHttpHeaders;
  /** The whole JSON body. */
  body: { [key: string]: JsonValue } & { model: string };
  messages: WireMessage[];
  /** All system messages, joined. */
  systemText: string;
  /** The last user message. */
  userText: string;
  /** The answers to tool calls since the last assistant message, in order. */
  toolResults: { toolCallId: string; text: string }[];
  toolNames: string[];
  isStreaming: boolean;
  /** Resolves when the client disconnects before the reply is complete. */
  aborted: Promise<void>;
}

export interface ScriptedUsage {
  prompt_tokens?: number;
  completion_tokens?: number;
  total_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number };
  completion_tokens_details?: { reasoning_tokens?: number };
  /** US dollars, as some routers report it. */
  cost?: number;
  is_byok?: boolean;
  cost_details?: { upstream_inference_cost?: number };
}

/** A string is short for `{ text }`. Omitted fields mean an ordinary server. */
export type ScriptedReply =
  | string
  | {
      text?: string;
      reasoning?: string | undefined;
      toolCalls?: { name: string; arguments: JsonValue; id?: string }[] | undefined;
      finishReason?: string;
      /** null: not reported. Default: counted from the prompt and the reply. */
      usage?: ScriptedUsage | null;
      /** Chunks in which the text is streamed; default: one per word. */
      chunks?: string[];
      /** Fails instead of replying. */
      status?: number;
      error?: { message: string; type?: string; code?: string | number; metadata?: JsonValue };
      headers?: Record<string, string>;
      /** Awaited before the first byte; resolved by the test, so that nothing sleeps. */
      before?: Promise<void>;
      /** Stalls for ever: before the headers, after them, or after `chunkCount` chunks. The client must give up. */
      stall?: "before_headers" | "after_headers" | { chunkCount: number };
      /** Breaks the connection (`cut`) or sends an error event (`error`) after this many chunks. */
      breakAfter?: { chunkCount: number; how: "cut" | "error" | "end" };
      /** Answers a stream request with plain JSON, like servers that cannot stream. */
      ignoresStream?: boolean;
      /** Sends exactly this body with `status` (default 200) and `headers`. */
      rawBody?: string;
    };

export type Script = (request: ScriptedRequest) => ScriptedReply | Promise<ScriptedReply>;
