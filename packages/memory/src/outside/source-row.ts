/** Tables memory.source and memory.source_item: what heartbeats have seen in mailboxes and calendars, and how far they have looked. */
import { untrustedFrom, type Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { LeftOutItem, LookedPlace } from "@roost/sources";
import { hashOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import type { OutsideSourceSettings } from "../settings/outside-source.ts";

export type SourceKindOutside = "mail" | "calendar";

export interface OutsideSource {
  name: string;
  kind: SourceKindOutside;
  /** Another server, or another login there, begins anew. */
  identity: string;
  settings: OutsideSourceSettings;
}

export interface SourceRow {
  name: string;
  identity: string;
  place: LookedPlace;
  lookedAt: Date | null;
  /** Of the last look that succeeded. */
  laterCount: number;
  leftOut: LeftOutItem[];
  failureCount: number;
  /** Of the last look, if it failed; it may hold words of the server. */
  errorCode: string | null;
  errorText: string | null;
  isTold: boolean;
}

export const sourceColumns = `name, identity, place, looked_at as "lookedAt", later_count as "laterCount", left_out as "leftOut", failure_count as "failureCount", error_code as "errorCode", error_text as "errorText", is_told as "isTold"`;

/** Those that the settings name. */
export function sourcesOf({ settings }: Pick<Memory, "settings">): OutsideSource[] {
  return Object.entries(settings.heartbeat.sources).map(([name, source]) => {
    const kind = source.imap === undefined ? ("calendar" as const) : ("mail" as const);
    const identity = hashOf(JSON.stringify([source.imap, source.caldav, source.user])).slice(0, 16);
    return { name, kind, identity, settings: source };
  });
}

/** Of a source that these settings name; undefined: it was not looked at yet. */
export async function readSource(
  sql: Sql,
  { name, identity }: Pick<OutsideSource, "name" | "identity">,
): Promise<SourceRow | undefined> {
  const [row] = await sql.query<SourceRow>(
    `select ${sourceColumns} from memory.source where name = $1 and identity = $2`,
    [name, identity],
  );
  return row;
}

/** The person's own sessions may ask about it; it is untrusted. */
export function labelsOfSource({ kind, name }: Pick<OutsideSource, "kind" | "name">): Labels {
  return { ...untrustedFrom(kind, name), audiences: ["main"] };
}
