/** Sessions of OpenClaw up to 2026.6: agents/<id>/sessions/sessions.json and a JSONL file for each transcript. */
import { join } from "node:path";
import { entriesOf } from "../found/entries-of.ts";
import { isJsonObject } from "@roost/base";
import { timeOf } from "../found/moved-conversation.ts";
import { noPlace, recordOf, refusedAs, type Finding } from "../found/found.ts";
import { readJsonLines } from "../found/read-json-lines.ts";
import { readWithin } from "../found/walk-source.ts";
import { apart } from "../found/apart.ts";
import { toKeyHere } from "./to-key-here.ts";
import { readTranscript } from "./read-transcript.ts";

const indexBytesMax = 64 * 1024 ** 2;

interface Known {
  key: string;
  entry: Record<string, unknown>;
}

export async function* readFileSessions(home: string, agentId: string, agent: string): Finding {
  const folder = join(home, "agents", agentId, "sessions");
  const names = await entriesOf(folder);
  if (names.length === 0) return;
  const where = `agents/${agentId}/sessions`;
  const known = new Map<string, Known>();
  const indexPath = join(folder, "sessions.json");
  if (names.includes("sessions.json")) {
    const read = await readIndex(indexPath, home);
    if (typeof read === "string")
      yield refusedAs(`${where}/sessions.json`, `${read}; the transcripts come in under their ids`);
    else for (const [id, each] of read) known.set(id, each);
  }
  const left = new Set(known.values());
  for (const name of names) {
    // A transcript that was reset or deleted there carries the time behind its name.
    const [, id, ending] = /^(.+?)\.jsonl(\.(?:reset|deleted|bak)\..+)?$/.exec(name) ?? [];
    if (id === undefined) continue;
    const of = known.get(id);
    if (of !== undefined) left.delete(of);
    const here = toKeyHere(
      agentId,
      of?.key ?? `agent:${agentId}:main`,
      of === undefined || ending !== undefined ? `${id}${ending ?? ""}` : undefined,
    );
    const path = join(folder, name);
    const transcript = readTranscript({
      where: `${where}/${name}`,
      entries: () => readJsonLines(path, { within: home }),
      conversation: {
        ...here,
        name: `${agentId}/${id}${ending ?? ""}`,
        agent,
        title: titleOf(of?.entry) ?? here.title,
        createdAt: undefined,
        ...(of !== undefined && { kept: { sessionKey: of.key, ...of.entry } }),
      },
    });
    yield* apart(`${where}/${name}`, transcript);
  }
  for (const { key, entry } of left)
    yield recordOf({
      kind: "kept",
      ref: `${where} ${key}`.slice(0, 1_000),
      what: "session without a transcript",
      record: { sessionKey: key, ...entry },
    });
  if (left.size > 0)
    yield noPlace(`${where}/sessions.json`, `${left.size} sessions without a transcript are kept as they were`);
}

function titleOf(entry: Record<string, unknown> | undefined): string | undefined {
  const label = entry?.["label"];
  return typeof label === "string" && label !== "" ? label : undefined;
}

/** By the id of the transcript, and by the name of its file; one that has neither by its key. */
async function readIndex(path: string, home: string): Promise<Map<string, Known> | string> {
  const bytes = await readWithin(path, { bytesMax: indexBytesMax, within: home });
  if (typeof bytes === "string") return bytes;
  try {
    const sessions = new Map<string, Known>();
    for (const [key, entry] of Object.entries(JSON.parse(bytes.toString()) as Record<string, unknown>)) {
      const given: Record<string, unknown> = isJsonObject(entry) ? entry : { entry };
      const { skillsSnapshot: _prompt, systemPromptReport: _report, sessionId: id, ...fields } = given;
      const known = { key, entry: { ...fields, sessionId: id, updatedAt: timeOf(fields["updatedAt"]) } };
      // No file is named with this character.
      sessions.set(typeof id === "string" ? id : `\0${key}`, known);
      // Of a thread: ID-topic-THREAD.jsonl.
      const file = fields["sessionFile"];
      if (typeof file === "string") sessions.set(file.replace(/^.*[/\\]/, "").replace(/\.jsonl$/, ""), known);
    }
    return sessions;
  } catch (error) {
    return `it is torn or foreign: ${(error as Error).message.slice(0, 200)}`;
  }
}
