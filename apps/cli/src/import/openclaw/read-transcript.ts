/**
 * One transcript of OpenClaw, a tree of entries in both generations: the way from the last entry to the root is the conversation, other branches come in
 * as taken back. What has no place here (changes of model, custom entries) is kept as it was.
 */
import {
  createMovedConversation,
  timeOf,
  type ConversationGiven,
  type SaidThere,
} from "../found/moved-conversation.ts";
import { placeIn, type TranscriptEntry } from "../found/read-json-lines.ts";
import { noPlace, recordOf, refusedAs, type Finding, type Found } from "../found/found.ts";
import { createOtherLines } from "../found/other-lines.ts";
import { takePictures } from "../found/take-pictures.ts";

export interface TranscriptSource {
  /** Reads the entries from the beginning; called twice. */
  entries(): AsyncIterable<TranscriptEntry> | Iterable<TranscriptEntry>;
  /** For a person: the file or the session. */
  where: string;
  conversation: Omit<ConversationGiven, "createdAt" | "beginsAt" | "program"> & { createdAt: string | undefined };
}

const program = "openclaw";
/** Entries of one transcript: a longer one is refused as a whole. */
const entriesMax = 500_000;
const keptCharsMax = 900_000;

type Entry = Record<string, unknown>;

interface Outline {
  /** Entries on the way from the last one to the root; undefined: the transcript is no tree. */
  onPath: Set<string> | undefined;
  createdAt: string;
  beginsAt: number;
  /** Of a compaction: the entry that its summary reaches to. */
  through: Map<string, string>;
  saidCount: number;
  /** Whether there is anything that can be read. */
  isEmpty: boolean;
  /** Of the first line that cannot be read. */
  problem: string | undefined;
  title: string | undefined;
}

export async function* readTranscript({ entries, where, conversation }: TranscriptSource): Finding {
  const outline = await outlineOf(entries());
  if (typeof outline === "string") return yield refusedAs(where, outline);
  if (outline.isEmpty && outline.problem !== undefined)
    return yield refusedAs(where, `nothing of it can be read: ${outline.problem}`);
  const made = createMovedConversation({
    ...conversation,
    title: conversation.title ?? outline.title,
    program,
    createdAt: conversation.createdAt ?? outline.createdAt,
    beginsAt: outline.beginsAt,
  });
  if (outline.saidCount > 0) yield made.session();
  else yield* keepUnsaid(where, conversation);
  const others = createOtherLines();
  const kept = new Set<string>();
  for await (const entry of entries()) {
    if ("problem" in entry) {
      yield refusedAs(placeIn(where, entry, "entry"), entry.problem);
      continue;
    }
    const { value } = entry;
    const entryId = entryIdOf(value, entry.seq);
    const said = saidBy(value, entryId, outline);
    if (said !== undefined) {
      yield made.say({ ...said, isTakenBack: outline.onPath !== undefined && !outline.onPath.has(entryId) });
      continue;
    }
    const type = String(value["type"]);
    if (type === "session") continue;
    // The second of an id would stand in the place of the first.
    const ref = `${conversation.name} ${kept.has(entryId) ? `${entryId} of entry ${entry.seq}` : entryId}`;
    kept.add(entryId);
    yield others.keep(type, { ref, record: value, charsMax: keptCharsMax, place: `${where} entry ${entry.seq}` });
  }
  yield* others.tell(where, "kept as they were");
}

/** A session without a message is none here. */
function* keepUnsaid(where: string, { name, kept }: TranscriptSource["conversation"]): Generator<Found> {
  yield noPlace(where, "nothing was said in it");
  if (kept === undefined) return;
  yield recordOf({ kind: "kept", ref: `session ${name}`, what: "session in which nothing was said", record: kept });
}

/** First pass: ids and parents alone, whatever the length of the texts. */
async function outlineOf(entries: ReturnType<TranscriptSource["entries"]>): Promise<Outline | string> {
  const parents = new Map<string, string | undefined>();
  const said: { id: string; startsTurn: boolean }[] = [];
  const compactions: { id: string; keptId: string | undefined }[] = [];
  const resets: { id: string; at: number }[] = [];
  let leaf: string | undefined;
  let [createdAt, title, problem]: (string | undefined)[] = [];
  let isTree = false;
  for await (const entry of entries) {
    if ("problem" in entry) {
      problem ??= entry.problem;
      continue;
    }
    if (parents.size >= entriesMax) return `it has more than ${entriesMax} entries`;
    const { value, seq } = entry;
    createdAt ??= timeOf(value["timestamp"]);
    if (value["type"] === "session_info" && typeof value["name"] === "string") title = value["name"];
    if (value["type"] === "session") continue;
    const id = entryIdOf(value, seq);
    if ("parentId" in value) isTree = true;
    // The second of an id is named when it is read.
    if (parents.has(id)) continue;
    // An entry that names no parent stands behind the one before it; null is the root.
    parents.set(id, textIn(value, "parentId") ?? ("parentId" in value ? undefined : leaf));
    leaf = id;
    if (value["type"] === "compaction") compactions.push({ id, keptId: textIn(value, "firstKeptEntryId") });
    if (value["type"] === "reset") resets.push({ id, at: said.length + 1 });
    if (isSaid(value)) said.push({ id, startsTurn: roleIn(value) === "user" || value["type"] !== "message" });
  }
  const onPath = isTree ? pathTo(leaf, parents) : undefined;
  const isOn = (id: string) => onPath === undefined || onPath.has(id);
  return {
    onPath,
    createdAt: createdAt ?? new Date(0).toISOString(),
    beginsAt: resets.findLast(({ id }) => isOn(id))?.at ?? 1,
    through: throughOf(compactions, said, isOn),
    saidCount: said.length,
    isEmpty: parents.size === 0,
    problem,
    title,
  };
}

function pathTo(leaf: string | undefined, parents: ReadonlyMap<string, string | undefined>): Set<string> {
  const path = new Set<string>();
  for (let id = leaf; id !== undefined && !path.has(id); id = parents.get(id)) path.add(id);
  return path;
}

/** A summary stands for whole turns: up to the one before that of the first entry that was kept. */
function throughOf(
  compactions: readonly { id: string; keptId: string | undefined }[],
  said: readonly { id: string; startsTurn: boolean }[],
  isOn: (id: string) => boolean,
): Map<string, string> {
  const line = said.filter(({ id }) => isOn(id));
  const place = new Map(line.map(({ id }, index) => [id, index]));
  const through = new Map<string, string>();
  for (const { id, keptId } of compactions) {
    const end = place.get(keptId ?? "") ?? place.get(id);
    if (end === undefined) continue;
    let start = end;
    while (start > 0 && line[start]?.startsTurn !== true) start -= 1;
    const before = line[start - 1];
    if (before !== undefined) through.set(id, before.id);
  }
  return through;
}

function entryIdOf(value: Entry, seq: number): string {
  return textIn(value, "id") ?? `#${seq}`;
}

function isSaid(value: Entry): boolean {
  switch (value["type"]) {
    case "message":
      return roleIn(value) !== undefined;
    case "compaction":
    case "branch_summary":
      return typeof value["summary"] === "string";
    case "custom_message":
      return true;
    default:
      return false;
  }
}

function roleIn(value: Entry): string | undefined {
  const { message } = value as { message?: { role?: unknown } };
  return typeof message?.role === "string" ? message.role : undefined;
}

function saidBy(value: Entry, entryId: string, outline: Outline): SaidThere | undefined {
  if (!isSaid(value)) return undefined;
  const at = timeOf(value["timestamp"]) ?? timeOf((value["message"] as Entry | undefined)?.["timestamp"]);
  const common = { entryId, at };
  const { type, id: _id, parentId: _parent, timestamp: _at, ...rest } = value;
  if (type === "compaction") {
    const { summary, firstKeptEntryId: _kept, ...kept } = rest;
    const throughEntryId = outline.through.get(entryId);
    const text = `[Summary of earlier messages]\n${String(summary)}`;
    const content = { text: String(summary), messageCount: 0, method: "model" };
    // Without a turn that it stands for it is a remark.
    if (throughEntryId === undefined) return { ...common, place: "told", role: "system", text, kept };
    return { ...common, place: "told", role: "system", text, content, throughEntryId, kept };
  }
  if (type === "branch_summary") {
    const { summary, ...kept } = rest;
    return { ...common, place: "told", role: "system", text: `[Summary of another branch]\n${String(summary)}`, kept };
  }
  if (type === "custom_message") {
    const { content, ...kept } = rest;
    return { ...common, place: "told", role: "system", text: textOfBlocks(content).text, isOutside: true, kept };
  }
  const { message, ...around } = rest as { message: Entry };
  return { ...common, ...saidIn(message, around) };
}

function saidIn(message: Entry, around: Entry): Omit<SaidThere, "entryId" | "at"> {
  const { role, content, ...rest } = message;
  const { text, others: all } = textOfBlocks(content);
  const { pictures, others } = takePictures(all);
  const kept = { ...around, ...rest };
  if (role === "user") return { place: "asked", role: "user", text, kept: { ...kept, ...blocksIn(others) }, pictures };
  if (role === "assistant") {
    const { provider, model, ...more } = kept;
    const calls = others.filter(({ type }) => type === "toolCall" || type === "tool_use");
    const thoughts = others.filter(({ type }) => type === "thinking" || type === "redacted_thinking");
    const rests = others.filter((block) => !calls.includes(block) && !thoughts.includes(block));
    return {
      place: "answered",
      role: "assistant",
      text,
      content: {
        provider: String(provider ?? program),
        model: String(model ?? "unknown"),
        toolCalls: calls.length > 0 ? calls.map(toCall) : undefined,
        reasoning:
          thoughts.length > 0
            ? thoughts.map(({ thinking, text: said }) => ({ text: String(thinking ?? said ?? "") }))
            : undefined,
      },
      kept: { ...more, ...blocksIn(rests) },
      pictures,
    };
  }
  if (role === "toolResult" || role === "tool") {
    const { toolCallId, toolName, isError, ...more } = kept;
    return {
      place: "answered",
      role: "tool",
      text,
      isOutside: true,
      content: {
        toolCallId: String(toolCallId ?? ""),
        toolName: String(toolName ?? "tool"),
        isUntrusted: true,
        isError: isError === true ? true : undefined,
      },
      kept: { ...more, ...blocksIn(others) },
      pictures,
    };
  }
  // A command that the person ran, a note of an extension: shown to people, from outside.
  const told = text === "" ? JSON.stringify(rest) : text;
  return { place: "told", role: "system", text: `[${String(role)}] ${told}`, isOutside: true, kept: { ...kept, role } };
}

function toCall({ id, name, input, arguments: given = input }: Entry) {
  return {
    toolCallId: String(id ?? ""),
    toolName: String(name ?? "tool"),
    argumentsText: typeof given === "string" ? given : JSON.stringify(given ?? {}),
  };
}

const blockBytesMax = 200_000;

/** What is no text, no call and no picture is kept beside the message; what is too large for that is named. */
function blocksIn(blocks: readonly Entry[]): { blocks?: unknown[] } {
  if (blocks.length === 0) return {};
  return {
    blocks: blocks.map((block) =>
      JSON.stringify(block).length <= blockBytesMax
        ? block
        : { type: block["type"], mimeType: block["mimeType"], isLeftThere: true },
    ),
  };
}

function textOfBlocks(content: unknown): { text: string; others: Entry[] } {
  if (typeof content === "string") return { text: content, others: [] };
  const given: unknown[] = Array.isArray(content) ? content : [content];
  const blocks = given
    .map((block) => (typeof block === "string" ? { type: "text", text: block } : block))
    .filter((block): block is Entry => typeof block === "object" && block !== null);
  const text = blocks.flatMap((block) => {
    if (block["type"] === "text") return [String(block["text"] ?? "")];
    return block["type"] === "image" ? [`[image ${String(block["mimeType"] ?? "")}]`] : [];
  });
  return { text: text.join("\n"), others: blocks.filter(({ type }) => type !== "text") };
}

function textIn(value: Entry, field: string): string | undefined {
  const found = value[field];
  return typeof found === "string" && found !== "" ? found : undefined;
}
