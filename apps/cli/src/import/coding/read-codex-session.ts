/** A session of Codex: one JSONL file of items, in the form with `payload` and in the older one without. */
import { basename } from "node:path";
import {
  createMovedConversation,
  timeOf,
  type MovedConversation,
  type SaidThere,
} from "../found/moved-conversation.ts";
import { refusedAs, type Finding } from "../found/found.ts";
import { createOtherLines } from "../found/other-lines.ts";
import { takePictures } from "../found/take-pictures.ts";
import { placeIn, readJsonLines } from "../found/read-json-lines.ts";

type Line = Record<string, unknown>;

const keptCharsMax = 500_000;

export async function* readCodexSession(path: string, where: string): Finding {
  const name = basename(path, ".jsonl");
  const id = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.exec(name)?.[0] ?? name;
  let made: MovedConversation | undefined;
  let kept: Line = {};
  const others = createOtherLines();
  const toolNames = new Map<string, string>();
  for await (const entry of readJsonLines(path)) {
    if ("problem" in entry) {
      yield refusedAs(placeIn(where, entry), entry.problem);
      continue;
    }
    const { value, seq } = entry;
    const isWrapped = typeof value["payload"] === "object" && value["payload"] !== null;
    const type = isWrapped ? String(value["type"]) : "response_item";
    const item = (isWrapped ? value["payload"] : value) as Line;
    const at = timeOf(value["timestamp"] ?? item["timestamp"]);
    if (
      type === "session_meta" ||
      (seq === 1 && !isWrapped && item["id"] !== undefined && item["type"] === undefined)
    ) {
      const { instructions: _instructions, base_instructions: _base, ...meta } = item;
      kept = meta;
      continue;
    }
    const said =
      type === "response_item" || type === "compacted" ? saidBy(item, type, { seq, at, toolNames }) : undefined;
    if (said === undefined) {
      const what = String(item["type"] ?? type);
      // What is said stands in the log twice: as an item and as an event.
      if (type === "event_msg") others.count(what);
      else {
        const place = placeIn(where, entry);
        yield others.keep(what, { ref: `${id} #${seq}`, record: value, charsMax: keptCharsMax, place });
      }
      continue;
    }
    if (made === undefined) {
      made = createMovedConversation({
        program: "codex",
        name: id,
        key: `codex:${id}`,
        sessionKind: "main",
        agent: "main",
        title: `Codex ${id.slice(0, 13)}`,
        createdAt: timeOf(kept["timestamp"]) ?? at ?? new Date(0).toISOString(),
        kept,
      });
      yield made.session();
    }
    yield made.say(said);
  }
  yield* others.tell(where, "no place here");
}

interface Given {
  seq: number;
  at: string | undefined;
  toolNames: Map<string, string>;
}

function saidBy(item: Line, type: string, { seq, at, toolNames }: Given): SaidThere | undefined {
  const common = { entryId: `#${seq}`, at };
  const { type: kind, role, content, ...rest } = item;
  if (type === "compacted")
    return {
      ...common,
      place: "told",
      role: "system",
      text: `[Summary of earlier messages]\n${String(item["message"] ?? "")}`,
    };
  switch (kind) {
    case "message": {
      const text = textOf(content);
      if (role === "assistant")
        return {
          ...common,
          place: "answered",
          role,
          text,
          content: { provider: "openai", model: "unknown" },
          kept: rest,
        };
      // What the program tells the model about the machine, in the person's place.
      const isTold =
        role !== "user" || /^<(?:environment_context|user_instructions|permissions|turn_aborted)/.test(text);
      return isTold
        ? { ...common, place: "told", role: "system", text, isOutside: true, kept: { ...rest, role } }
        : {
            ...common,
            place: "asked",
            role: "user",
            text,
            kept: rest,
            pictures: Array.isArray(content) ? takePictures(content as Line[]).pictures : [],
          };
    }
    case "function_call":
    case "custom_tool_call":
    case "local_shell_call": {
      const { call_id: callId, name, arguments: given, input, action, ...more } = rest;
      const toolName = String(name ?? (kind === "local_shell_call" ? "shell" : "tool"));
      const toolCallId = String(callId ?? `#${seq}`);
      toolNames.set(toolCallId, toolName);
      const argumentsText = typeof given === "string" ? given : JSON.stringify(given ?? input ?? action ?? {});
      const content = { provider: "openai", model: "unknown", toolCalls: [{ toolCallId, toolName, argumentsText }] };
      return { ...common, place: "answered", role: "assistant", text: "", content, kept: more };
    }
    case "function_call_output":
    case "custom_tool_call_output": {
      const { call_id: callId, output, ...more } = rest;
      const toolCallId = String(callId ?? "");
      const toolName = toolNames.get(toolCallId) ?? "tool";
      const text = typeof output === "string" ? output : textOf(output) || JSON.stringify(output ?? "");
      return {
        ...common,
        place: "answered",
        role: "tool",
        text,
        isOutside: true,
        content: { toolCallId, toolName, isUntrusted: true },
        kept: more,
      };
    }
    default:
      return undefined;
  }
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return (content as Line[])
    .map(({ type, text }) => (typeof text === "string" ? text : `[${String(type)}]`))
    .join("\n");
}
