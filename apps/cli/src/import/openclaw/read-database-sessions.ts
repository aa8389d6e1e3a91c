/** Sessions of OpenClaw after 2026.6: agents/<id>/agent/openclaw-agent.sqlite. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { apart } from "../found/apart.ts";
import { timeOf } from "../found/moved-conversation.ts";
import { noPlace, refusedAs, type Finding } from "../found/found.ts";
import { toEntry, type TranscriptEntry } from "../found/read-json-lines.ts";
import { openDatabaseCopy, type OpenCopy } from "./open-database-copy.ts";
import { toKeyHere } from "./to-key-here.ts";
import { readTranscript } from "./read-transcript.ts";

const eventBytesMax = 16 * 1024 ** 2;

export async function* readDatabaseSessions(home: string, agentId: string, agent: string): Finding {
  const where = `agents/${agentId}/agent/openclaw-agent.sqlite`;
  if ((await stat(join(home, where)).catch(() => undefined)) === undefined) return;
  let copy: OpenCopy;
  try {
    copy = await openDatabaseCopy(join(home, where));
  } catch (error) {
    return yield refusedAs(where, `it cannot be read as a database of OpenClaw (${(error as Error).message})`);
  }
  await using opened = copy;
  if (!opened.hasTable("transcript_events")) return yield refusedAs(where, "it has no table transcript_events");
  yield* readSessions(opened, { agentId, agent, where });
}

interface SessionRow {
  session_id: string;
  session_key: string | null;
  created_at: number | null;
  is_current: number;
  label: string | null;
  entry_json: string | null;
  window_json: string | null;
}

async function* readSessions(
  { database, hasTable }: OpenCopy,
  { agentId, agent, where }: { agentId: string; agent: string; where: string },
): Finding {
  const hasIndex = hasTable("session_windows") && hasTable("session_nodes");
  const sessions = database
    .prepare(
      hasIndex
        ? `select ids.session_id, coalesce(w.session_key, 'agent:' || ? || ':' || ids.session_id) as session_key, w.created_at,
             coalesce(n.current_session_id = ids.session_id, 0) as is_current, coalesce(n.label, n.display_name) as label, n.entry_json,
             case when w.session_id is null then null else json_object('reason', w.reason, 'previousSessionId', w.previous_session_id, 'channel', w.channel,
               'chatType', w.chat_type, 'model', w.model, 'status', w.status) end as window_json
           from (select distinct session_id from transcript_events) ids
           left join session_windows w on w.session_id = ids.session_id left join session_nodes n on n.session_key = w.session_key
           order by ids.session_id`
        : `select distinct session_id, 'agent:' || ? || ':' || session_id as session_key, null as created_at, 1 as is_current, null as label,
             null as entry_json, null as window_json from transcript_events order by session_id`,
    )
    .all(agentId) as unknown as SessionRow[];
  const events = database.prepare(
    "select seq, event_json, event_zstd from transcript_events where session_id = ? order by seq",
  );
  for (const row of sessions) {
    const here = toKeyHere(
      agentId,
      row.session_key ?? row.session_id,
      row.is_current === 1 ? undefined : row.session_id,
    );
    const transcript = readTranscript({
      where: `${where} session ${row.session_id}`,
      entries: () => entriesOf(events.iterate(row.session_id) as Iterable<EventRow>),
      conversation: {
        ...here,
        name: `${agentId}/${row.session_id}`,
        agent,
        title: row.label ?? here.title,
        createdAt: timeOf(row.created_at),
        kept: { sessionKey: row.session_key, ...parsed(row.entry_json), ...parsed(row.window_json) },
      },
    });
    yield* apart(`${where} session ${row.session_id}`, transcript);
  }
  if (hasTable("session_cold_storage")) yield noPlace(where, "sessions in cold storage: restore them there first");
}

interface EventRow {
  seq: number;
  event_json: string | null;
  event_zstd: Uint8Array | null;
}

function* entriesOf(rows: Iterable<EventRow>): Generator<TranscriptEntry> {
  for (const { seq, event_json: text, event_zstd: packed } of rows) {
    if (text !== null) {
      yield toEntry(seq, text);
      continue;
    }
    try {
      yield toEntry(seq, zstdDecompressSync(packed ?? new Uint8Array(), { maxOutputLength: eventBytesMax }).toString());
    } catch (error) {
      yield { seq, problem: `it cannot be unpacked (${(error as Error).message})` };
    }
  }
}

/** Without the prompts that OpenClaw made of its own files. */
function parsed(text: string | null): Record<string, unknown> {
  if (text === null) return {};
  try {
    const {
      skillsSnapshot: _prompt,
      systemPromptReport: _report,
      ...entry
    } = JSON.parse(text) as Record<string, unknown>;
    return entry;
  } catch {
    return {};
  }
}
