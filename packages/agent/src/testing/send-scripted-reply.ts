// Writes one scripted reply to the wire, as a stream or as plain JSON.

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import type { ScriptedReply, ScriptedRequest, ScriptedUsage } from "./scripted-reply.ts";

type Reply = Exclude<ScriptedReply, string>;

export async function sendScriptedReply(
  request: ScriptedRequest,
  reply: Reply,
  response: ServerResponse,
): Promise<void> {
  if (reply.before !== undefined) await Promise.race([reply.before, request.aborted]);
  if (reply.stall === "before_headers") return await request.aborted;
  const status = reply.status ?? (reply.error === undefined ? 200 : 500);
  if (reply.rawBody !== undefined) {
    response.writeHead(status, reply.headers);
    response.end(reply.rawBody);
    return;
  }
  if (status >= 400) {
    response.writeHead(status, { "content-type": "application/json", ...reply.headers });
    response.end(JSON.stringify({ error: reply.error ?? { message: `scripted failure ${status}` } }));
    return;
  }
  if (request.isStreaming && reply.ignoresStream !== true) return await sendStream(request, reply, response);
  response.writeHead(200, { "content-type": "application/json", ...reply.headers });
  if (reply.stall !== undefined) {
    response.flushHeaders();
    return await request.aborted;
  }
  response.end(JSON.stringify(completion(request, reply)));
}

function completion(request: ScriptedRequest, reply: Reply): object {
  const usage = usageOf(request, reply);
  return {
    id: `scripted-${request.index}`,
    object: "chat.completion",
    created: 0,
    model: request.body.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: reply.text ?? null,
          ...(reply.reasoning === undefined ? {} : wireReasoning(reply.reasoning)),
          tool_calls: reply.toolCalls === undefined ? undefined : wireToolCalls(request, reply),
        },
        finish_reason: finishReasonOf(reply),
      },
    ],
    usage,
  };
}

async function sendStream(request: ScriptedRequest, reply: Reply, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache", ...reply.headers });
  response.flushHeaders();
  if (reply.stall === "after_headers") return await request.aborted;

  const send = async (event: object | string) => {
    const isRoomLeft = response.write(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
    if (!isRoomLeft) await Promise.race([once(response, "drain"), request.aborted]);
  };
  let pieceCount = 0;
  for (const delta of deltasOf(request, reply)) {
    if (typeof reply.stall === "object" && pieceCount >= reply.stall.chunkCount) return await request.aborted;
    if (reply.breakAfter !== undefined && pieceCount >= reply.breakAfter.chunkCount)
      return await breakOff(reply, response, send);
    await send(chunk(request, { choices: [{ index: 0, delta, finish_reason: null }] }));
    pieceCount += 1;
  }
  if (reply.stall !== undefined) return await request.aborted;
  if (reply.breakAfter !== undefined) return await breakOff(reply, response, send);
  await send(chunk(request, { choices: [{ index: 0, delta: {}, finish_reason: finishReasonOf(reply) }] }));
  const usage = usageOf(request, reply);
  const wantsUsage =
    (request.body["stream_options"] as { include_usage?: boolean } | undefined)?.include_usage === true;
  if (usage !== undefined && wantsUsage) await send(chunk(request, { choices: [], usage }));
  await send("[DONE]");
  response.end();
}

async function breakOff(reply: Reply, response: ServerResponse, send: (event: object) => Promise<void>): Promise<void> {
  if (reply.breakAfter?.how === "cut") {
    // What was written must reach the client before the connection breaks.
    await new Promise<void>((resolve) => {
      response.write(":\n\n", () => resolve());
    });
    response.destroy();
    return;
  }
  if (reply.breakAfter?.how === "error")
    await send({ error: reply.error ?? { message: "the model crashed", code: 502 } });
  response.end();
}

function* deltasOf(request: ScriptedRequest, reply: Reply): Generator<object> {
  if (reply.reasoning !== undefined) yield { role: "assistant", ...wireReasoning(reply.reasoning) };
  const pieces = reply.chunks ?? (reply.text ?? "").split(/(?<=\s)/).filter((piece) => piece !== "");
  for (const content of pieces) yield { role: "assistant", content };
  for (const [index, call] of wireToolCalls(request, reply).entries()) {
    // Real servers send the arguments in pieces; two are enough for tests.
    const half = Math.ceil(call.function.arguments.length / 2);
    yield {
      tool_calls: [
        {
          index,
          id: call.id,
          type: "function",
          function: { name: call.function.name, arguments: call.function.arguments.slice(0, half) },
        },
      ],
    };
    yield { tool_calls: [{ index, function: { arguments: call.function.arguments.slice(half) } }] };
  }
}

function chunk(request: ScriptedRequest, rest: object): object {
  return {
    id: `scripted-${request.index}`,
    object: "chat.completion.chunk",
    created: 0,
    model: request.body.model,
    ...rest,
  };
}

/** Servers disagree on the name of the field. */
function wireReasoning(text: string): object {
  return { reasoning_content: text, reasoning: text };
}

function wireToolCalls(request: ScriptedRequest, reply: Reply) {
  // By position in the conversation, so that a repeated request gets the same ids.
  const turn = request.messages.filter((message) => message.role === "assistant").length;
  return (reply.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `call_${turn}_${index}`,
    type: "function" as const,
    // Strings are sent as they are, so that a script can send invalid JSON.
    function: {
      name: call.name,
      arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
    },
  }));
}

function finishReasonOf(reply: Reply): string {
  return reply.finishReason ?? (reply.toolCalls === undefined ? "stop" : "tool_calls");
}

function usageOf(request: ScriptedRequest, reply: Reply): ScriptedUsage | undefined {
  if (reply.usage === null) return undefined;
  if (reply.usage !== undefined)
    return { total_tokens: (reply.usage.prompt_tokens ?? 0) + (reply.usage.completion_tokens ?? 0), ...reply.usage };
  const promptTokens = estimateTokens(JSON.stringify(request.messages));
  const completionTokens = estimateTokens(
    (reply.chunks?.join("") ?? reply.text ?? "") + JSON.stringify(reply.toolCalls ?? ""),
  );
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
