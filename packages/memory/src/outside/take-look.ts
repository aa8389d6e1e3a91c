/** Records what a look at a mailbox or calendar found, with the place that it reached, in one transaction: a look that is repeated finds the same once. */
import { formatDurationMs, type RoostError } from "@roost/base";
import { raiseNotice } from "@roost/kernel";
import type { SourceItem } from "@roost/sources";
import type { Memory } from "../memory.ts";
import type { OutsideSource, SourceRow } from "./source-row.ts";

/** Kept of a source, the newest; and for how long. */
const itemsMax = 1_000;
const keptDays = 30;
/** A laptop that wakes up has no network at first. */
const failuresUntold = 3;

export interface TakenLook {
  /** What the look began with. */
  before: SourceRow | undefined;
  items: readonly SourceItem[];
  place: SourceRow["place"];
}

/**
 * Another look that moved the place meanwhile has taken the same: then only what is unknown is added. Of items with one key, such as a mail that came
 * directly and by a list, the first counts.
 */
export async function takeLook(
  { kernel }: Pick<Memory, "kernel">,
  source: OutsideSource,
  { before, items, place }: TakenLook,
): Promise<void> {
  const given = [...Map.groupBy(items, ({ key }) => key).values()].map(([first]) => first!);
  await kernel.transact(async (tx) => {
    await tx.query("delete from memory.source where name = $1 and identity <> $2", [source.name, source.identity]);
    const [row] = await tx.query<{ nextNumber: number; place: SourceRow["place"] }>(
      `insert into memory.source as s (name, identity) values ($1, $2)
       on conflict (name) do update set identity = s.identity returning next_number::int as "nextNumber", place`,
      [source.name, source.identity],
    );
    const first = row?.nextNumber ?? 1;
    const written = await tx.query<{ isNew: boolean }>(
      `with given as (
         select key, at, text, ordinality from unnest($2::text[], $3::timestamptz[], $4::text[]) with ordinality as g(key, at, text)
       ), fresh as (
         select g.*, row_number() over (order by ordinality) - 1 as place from given g
         where not exists (select 1 from memory.source_item i where i.source = $1 and i.key = g.key)
       ), changed as (
         update memory.source_item i set at = g.at, text = g.text from given g
         where i.source = $1 and i.key = g.key and (i.at, i.text) is distinct from (g.at, g.text)
       )
       insert into memory.source_item (source, number, key, at, text)
         select $1, $5::bigint + place, key, at, text from fresh returning true as "isNew"`,
      [
        source.name,
        given.map(({ key }) => key),
        given.map(({ at }) => at),
        given.map(({ text }) => text.replaceAll("\0", "\uFFFD")),
        first,
      ],
    );
    const isMoved = JSON.stringify(row?.place) !== JSON.stringify(before?.place ?? {});
    await tx.query(
      `update memory.source set next_number = $2, place = coalesce($3, place), looked_at = roost.now(), failure_count = 0, is_told = false
       where name = $1`,
      [source.name, first + written.length, isMoved ? null : JSON.stringify(place)],
    );
    await tx.query(
      `delete from memory.source_item where source = $1
         and (number < $2::bigint - $3 or taken_at < roost.now() - make_interval(days => $4))`,
      [source.name, first + written.length, itemsMax, keptDays],
    );
    if (before?.isTold === true)
      raiseNotice(tx, { level: "info", text: `Heartbeats can look at ${source.name} again`, source: "heartbeat" });
  });
}

/** The person hears of it once, and when it is over: at once of what they have to mend, after some looks of what may pass by itself. */
export async function takeFailure(
  { kernel, settings }: Pick<Memory, "kernel" | "settings">,
  source: OutsideSource,
  error: Pick<RoostError, "code" | "message">,
): Promise<void> {
  await kernel.transact(async (tx) => {
    const [row] = await tx.query<{ count: number; isTold: boolean }>(
      `insert into memory.source as s (name, identity, failure_count) values ($1, $2, 1)
       on conflict (name) do update set failure_count = s.failure_count + 1
       returning failure_count as count, is_told as "isTold"`,
      [source.name, source.identity],
    );
    if (row === undefined || row.isTold) return;
    if (error.code === "unavailable" && row.count < failuresUntold) return;
    await tx.query("update memory.source set is_told = true where name = $1", [source.name]);
    const text = `Heartbeats cannot look at ${source.name}: ${error.message}. They go on without it and try again every ${formatDurationMs(settings.heartbeat.every)}`;
    raiseNotice(tx, { level: "warning", text, source: "heartbeat" });
  });
}
