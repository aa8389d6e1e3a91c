/**
 * Finds the postconditions that a run has not met. Checks records (steps, and events that name their run), never what the run says. The kernel
 * decides what follows.
 */
import type { JsonObject, JsonValue } from "@roost/base";
import type { Postcondition } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import { findOffsets, matchesFilter, readPartitions, requireSeen, type RunHead } from "@roost/kernel";

/** Limit of the runs that count as the run: its descendants, and those whose recorded steps it continues. */
const familyMax = 10_000;
/** Offsets of a partition examined per statement, and statements per partition. */
const examinedMax = 50_000;
const passesMax = 40;
/** Events of the run's correlation followed to find the run of an event that names none. */
const correlatedMax = 10_000;
/** How far back to look for the state before the run changed it. */
const priorOffsetsMax = 200_000;

interface Wanted {
  type: string;
  subject?: string;
  filter?: Record<string, string | number | boolean | null> | undefined;
  key?: string | undefined;
}

interface Family {
  ids: string[];
  /** Until when a run's actions count; for a forked one, until the step that the fork executes again. Absent: all. */
  untils: Map<string, Date>;
  correlation: string;
  since: Date;
}

interface Found {
  id: string;
  type: string;
  subject: string | null;
  topic: string;
  partition: number;
  offset: number;
  data: JsonObject;
  time: Date;
  /** The run of the family that the event names. */
  saidBy: string | null;
}

/** Unmet ones, in declared order. */
export async function unmetPostconditions(sql: Sql, run: RunHead): Promise<Postcondition[]> {
  const declared = run.postconditions ?? [];
  if (declared.length === 0) return [];
  const family = await readFamily(sql, run);
  const events = createEventFinder(sql, family);
  const unmet: Postcondition[] = [];
  for (const postcondition of declared) {
    const isMet =
      postcondition.kind === "tool"
        ? await wasToolUsed(sql, family, postcondition.name)
        : await events.holds(toWanted(postcondition));
    if (!isMet) unmet.push(postcondition);
  }
  return unmet;
}

function toWanted(postcondition: Exclude<Postcondition, { kind: "tool" }>): Wanted {
  switch (postcondition.kind) {
    case "event":
      return {
        type: postcondition.eventType,
        filter: postcondition.filter,
      };
    case "state":
      return {
        type: "state.changed",
        subject: postcondition.name,
        key: postcondition.key,
      };
    case "file":
      return { type: "file.written", subject: postcondition.path };
  }
}

/** A run that continues another's recorded steps has done what those did. */
async function readFamily(sql: Sql, run: RunHead): Promise<Family> {
  const rows = await sql.query<{ id: string; createdAt: Date; until: Date | null }>(
    `with recursive lineage as (
       select id, retry_of, forked_from, forked_seq, created_at, null::timestamptz as until from roost.run_all where id = $1
       union all
       select r.id, r.retry_of, r.forked_from, r.forked_seq, r.created_at,
         -- A copied step keeps the time at which it began, so the earliest fork cuts all before it.
         case when l.forked_from = r.id then least(l.until, l.created_at,
           (select s.started_at from roost.step_all s where s.run_id = r.id and s.seq = l.forked_seq)) else l.until end
       from lineage l join roost.run_all r on r.id = coalesce(l.retry_of, l.forked_from)
     ), family as (
       select id, created_at, until from lineage
       union
       select c.id, c.created_at, null::timestamptz from family f join roost.run_all c on c.parent_run_id = f.id and (f.until is null or c.created_at < f.until)
     )
     select id, created_at as "createdAt", until from family limit $2`,
    [run.id, familyMax],
  );
  return {
    ids: rows.map((row) => row.id),
    untils: new Map(rows.flatMap(({ id, until }) => (until === null ? [] : [[id, until]]))),
    correlation: run.correlation,
    since: new Date(Math.min(...rows.map((row) => row.createdAt.getTime()))),
  };
}

/** Whether the event happened before the family's run was forked. */
function isInTime({ untils }: Family, { saidBy, time }: { saidBy: string | null; time: Date }): boolean {
  const until = saidBy === null ? undefined : untils.get(saidBy);
  return until === undefined || time < until;
}

async function wasToolUsed(sql: Sql, family: Family, tool: string): Promise<boolean> {
  const rows = await sql.query(
    `select 1 from roost.step_all s
     where s.run_id = any($1::uuid[]) and s.kind = 'tool' and s.state = 'done'
       and (s.name = $2 or left(s.name, length($2) + 6) = 'tool:' || $2 || '#') limit 1`,
    [family.ids, tool],
  );
  return rows.length > 0;
}

interface EventFinder {
  holds(wanted: Wanted): Promise<boolean>;
}

function createEventFinder(sql: Sql, family: Family): EventFinder {
  let begun: Promise<Set<string>> | undefined;
  const descended = () => (begun ??= readDescended(sql, family));
  return {
    async holds(wanted) {
      for await (const event of readCandidates(sql, family, wanted)) {
        if (wanted.filter !== undefined && !matchesFilter(wanted.filter, event.data)) continue;
        if (!isInTime(family, event)) continue;
        if (event.saidBy === null && !(await descended()).has(event.id)) continue;
        if (wanted.key === undefined || (await didChange(sql, event, wanted.key))) return true;
      }
      return false;
    },
  };
}

/** Events of the type since the run's start that name the family or share its correlation. */
async function* readCandidates(sql: Sql, family: Family, wanted: Wanted): AsyncGenerator<Found> {
  const [known] = await sql.query<{ topic: string }>("select topic from roost.event_schema where type = $1 limit 1", [
    wanted.type,
  ]);
  if (known === undefined) return;
  const begin = await findOffsets(sql, { topics: [known.topic], since: family.since });
  for (const { topic, partition, nextOffset, firstOffset } of await readPartitions(sql, [known.topic])) {
    let from = Math.max(firstOffset, begin[`${topic}/${partition}`] ?? firstOffset);
    for (let pass = 0; pass < passesMax && from < nextOffset; pass += 1) {
      const until = Math.min(nextOffset, from + examinedMax);
      const seen = requireSeen(sql, topic, [{ partition, until }]);
      const candidates = sql.query<Found>(
        `select e.id, e.type, e.subject, e.topic, e.partition, e."offset", e.data, e.time, ${saidBy("$5")} as "saidBy"
         from roost.event e
         where e.topic = $1 and e.partition = $2 and e."offset" >= $3 and e."offset" < $4 and e.type = $6
           and ($7::text is null or e.subject = $7)
           and (e.data ->> 'runId' = any($5::text[]) or e.subject = any($5::text[])
             or e.correlation = $8 and e.data ->> 'runId' is null)
         order by e."offset"`,
        [topic, partition, from, until, family.ids, wanted.type, wanted.subject ?? null, family.correlation],
      );
      yield* (await Promise.all([candidates, seen]))[0];
      from = until;
    }
  }
}

/** The run of these ids that an event names. */
function saidBy(ids: string): string {
  return `case when e.data ->> 'runId' = any(${ids}::text[]) then e.data ->> 'runId' when e.subject = any(${ids}::text[]) then e.subject end`;
}

/** Events without a run's id that were caused by an event of the family. */
async function readDescended(sql: Sql, family: Family): Promise<Set<string>> {
  const rows = await sql.query<{
    id: string;
    causation: string | null;
    time: Date;
    saidBy: string | null;
    isOther: boolean;
  }>(
    `select e.id, e.causation, e.time, ${saidBy("$2")} as "saidBy", e.data ->> 'runId' is not null as "isOther"
     from roost.event e where e.correlation = $1 order by time, topic, partition, "offset" limit $3`,
    [family.correlation, family.ids, correlatedMax],
  );
  const said = rows.filter((row) => row.saidBy !== null && isInTime(family, row));
  const descended = new Set(said.map((row) => row.id));
  for (const row of rows) {
    if (!row.isOther && row.causation !== null && descended.has(row.causation)) descended.add(row.id);
  }
  return descended;
}

/** Whether the state's value at the path differs from the change before. */
async function didChange(sql: Sql, event: Found, key: string): Promise<boolean> {
  const [before] = await sql.query<{ data: JsonObject }>(
    `select data from roost.event
     where topic = $1 and partition = $2 and "offset" < $3 and "offset" >= $4 and type = $5 and subject = $6 order by "offset" desc limit 1`,
    [event.topic, event.partition, event.offset, event.offset - priorOffsetsMax, event.type, event.subject],
  );
  const now = valueAt(event.data["value"], key);
  return now !== undefined && JSON.stringify(now) !== JSON.stringify(valueAt(before?.data["value"], key));
}

function valueAt(value: JsonValue | undefined, path: string): JsonValue | undefined {
  let found = value;
  for (const name of path.split(".")) {
    found =
      typeof found === "object" && found !== null && !Array.isArray(found) && Object.hasOwn(found, name)
        ? found[name]
        : undefined;
  }
  return found;
}
