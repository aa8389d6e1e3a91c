/** A session of Claude Code: one JSONL file, a tree by uuid and parentUuid; sidechains are other agents' and come in as taken back. */
import { basename } from "node:path";
import {
  createMovedConversation,
  timeOf,
  type MovedConversation,
  type SaidThere,
} from "../found/moved-conversation.ts";
import { refusedAs, type Finding } from "../found/found.ts";
import { createOtherLines } from "../found/other-lines.ts";
import { placeIn, readJsonLines } from "../found/read-json-lines.ts";
import { takePictures, type Picture } from "../found/take-pictures.ts";

type Line = Record<string, unknown>;
interface Block {
  type?: unknown;
  text?: unknown;
  thinking?: unknown;
  id?: unknown;
  name?: unknown;
  input?: unknown;
  tool_use_id?: unknown;
  content?: unknown;
  is_error?: unknown;
}

const program = "claude-code";
const keptCharsMax = 500_000;

/** `within`: a folder that no link may lead out of. */
export async function* readClaudeSession(path: string, where: string, within: string): Finding {
  const id = basename(path, ".jsonl");
  const title = await titleOf(path, within);
  let made: MovedConversation | undefined;
  const others = createOtherLines();
  const toolNames = new Map<string, string>();
  for await (const entry of readJsonLines(path, { within })) {
    if ("problem" in entry) {
      yield refusedAs(placeIn(where, entry), entry.problem);
      continue;
    }
    const { value } = entry;
    const entryId = typeof value["uuid"] === "string" ? value["uuid"] : `#${entry.seq}`;
    const said = saidBy(value, entryId, toolNames);
    if (said.length === 0) {
      const line = { ref: `${id} ${entryId}`, record: value, charsMax: keptCharsMax, place: placeIn(where, entry) };
      yield others.keep(String(value["type"]), line);
      continue;
    }
    if (made === undefined) {
      made = createMovedConversation({
        program,
        name: id,
        key: `claude-code:${id}`,
        sessionKind: "main",
        agent: "main",
        title: title ?? `Claude Code ${id.slice(0, 8)}`,
        createdAt: timeOf(value["timestamp"]) ?? new Date(0).toISOString(),
        kept: { cwd: value["cwd"], gitBranch: value["gitBranch"], version: value["version"] },
      });
      yield made.session();
    }
    for (const message of said) yield made.say(message);
  }
  yield* others.tell(where, "kept as they were");
}

async function titleOf(path: string, within: string): Promise<string | undefined> {
  let found: string | undefined;
  for await (const entry of readJsonLines(path, { within })) {
    if ("problem" in entry) continue;
    const { value } = entry;
    if (value["type"] === "summary" && typeof value["summary"] === "string") found = value["summary"];
    if (value["type"] === "custom-title" && typeof value["customTitle"] === "string") return value["customTitle"];
    if (value["type"] === "ai-title" && typeof value["aiTitle"] === "string") found = value["aiTitle"];
  }
  return found;
}

/** A line may hold several results of tools: each is a message. */
function saidBy(value: Line, entryId: string, toolNames: Map<string, string>): SaidThere[] {
  const { type, message, isSidechain, isMeta, isCompactSummary, timestamp, uuid: _uuid, ...rest } = value;
  if ((type !== "user" && type !== "assistant") || typeof message !== "object" || message === null) return [];
  const { content, role: _role, model, ...more } = message as Line;
  const { toolUseResult: _result, ...around } = rest;
  const common = { at: timeOf(timestamp), isTakenBack: isSidechain === true };
  const kept = { ...around, ...more };
  const blocks: Block[] = Array.isArray(content) ? (content as Block[]) : [{ type: "text", text: content }];
  const text = blocks
    .flatMap((block) =>
      block.type === "text" ? [String(block.text ?? "")] : block.type === "image" ? ["[image]"] : [],
    )
    .join("\n");
  if (type === "assistant") {
    const calls = blocks.filter((block) => block.type === "tool_use");
    for (const { id, name } of calls) toolNames.set(String(id), String(name));
    const toolCalls = calls.map(({ id, name, input }) => ({
      toolCallId: String(id),
      toolName: String(name),
      argumentsText: JSON.stringify(input ?? {}),
    }));
    return [
      {
        ...common,
        entryId,
        place: "answered",
        role: "assistant",
        text,
        content: {
          provider: "anthropic",
          model: String(model ?? "unknown"),
          toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
          reasoning: thoughtsOf(blocks),
        },
        kept,
      },
    ];
  }
  const results = blocks.filter((block) => block.type === "tool_result");
  const given: SaidThere[] = results.map((block, index) => ({
    ...common,
    entryId: `${entryId}/${index}`,
    place: "answered",
    role: "tool",
    text: textOf(block.content),
    isOutside: true,
    pictures: picturesIn(block.content),
    content: {
      toolCallId: String(block.tool_use_id ?? ""),
      toolName: toolNames.get(String(block.tool_use_id)) ?? "tool",
      isUntrusted: true,
      isError: block.is_error === true ? true : undefined,
    },
    ...(index === 0 && { kept }),
  }));
  if (results.length > 0 && text.trim() === "") return given;
  const isTold = isMeta === true || isCompactSummary === true;
  const asked: SaidThere = isTold
    ? {
        ...common,
        entryId,
        place: "told",
        role: "system",
        text,
        isOutside: true,
        kept: { ...kept, isMeta, isCompactSummary },
      }
    : { ...common, entryId, place: "asked", role: "user", text, kept, pictures: picturesIn(blocks) };
  return [...given, asked];
}

function picturesIn(content: unknown): Picture[] {
  return Array.isArray(content) ? takePictures(content as Line[]).pictures : [];
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined ? "" : JSON.stringify(content);
  return (content as Block[])
    .map((block) => (block.type === "text" ? String(block.text ?? "") : `[${String(block.type)}]`))
    .join("\n");
}

function thoughtsOf(blocks: readonly Block[]): { text: string }[] | undefined {
  const thoughts = blocks.filter((block) => block.type === "thinking");
  return thoughts.length === 0 ? undefined : thoughts.map(({ thinking }) => ({ text: String(thinking ?? "") }));
}
