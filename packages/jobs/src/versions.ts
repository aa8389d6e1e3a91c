/** Versions of jobs and agents: each definition that one has had, written once with the change that made it. */
import { nearestName, RoostError, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { compareDefinitions, type Difference } from "./compare-definitions.ts";

export interface Version<Definition> {
  version: number;
  definition: Definition;
  definedBy: string;
  definedAt: Date;
  /** Its active runs. */
  liveRunCount: number;
  /** Compared with the version before; none for the first known. */
  differences: Difference[];
}

interface Versions<One> {
  /** Newest first; `next` is the version that the next page comes before. @throws not_found when there is none of this id */
  list(
    kernel: Kernel,
    id: string,
    options: { limit: number; before?: number | undefined },
  ): Promise<{ versions: One[]; next: number | null }>;
  /** @throws not_found */
  get(kernel: Kernel, id: string, version: number): Promise<One>;
}

const versionsPageMax = 500;

const views = {
  job: `v.job_id as "jobId", v.time_zone as "timeZone",
    (select count(*) from roost.run r where r.job_id = v.job_id and r.job_version = v.version and r.ended_at is null)::int as "liveRunCount"`,
  agent: `v.agent_id as "agentId",
    (select count(*) from roost.run r where coalesce(r.agent, 'main') = v.agent_id and r.agent_version = v.version and r.ended_at is null)::int
      as "liveRunCount"`,
};

export function versionsOf<One extends Version<object>>(noun: keyof typeof views): Versions<One> {
  const list: Versions<One>["list"] = async (kernel, id, { before, ...options }) => {
    const limit = Math.min(options.limit, versionsPageMax);
    const rows = await kernel.database.query<Omit<One, "differences"> & Omit<Version<JsonValue>, "differences">>(
      `select v.version, v.definition, v.defined_by as "definedBy", v.defined_at as "definedAt", ${views[noun]}
       from roost.${noun}_version v where v.${noun}_id = $1 and ($2::bigint is null or v.version < $2) order by v.version desc limit $3`,
      [id, before ?? null, limit + 1],
    );
    if (rows.length === 0 && before === undefined) throw await unknown(kernel.database, noun, id);
    const versions = rows.slice(0, limit).map((row, index) => {
      const earlier = rows[index + 1];
      const differences = earlier === undefined ? [] : compareDefinitions(earlier.definition, row.definition);
      return { ...row, differences } as unknown as One;
    });
    return { versions, next: rows.length > limit ? (versions.at(-1)?.version ?? null) : null };
  };
  return {
    list,
    async get(kernel, id, version) {
      const [found] = (await list(kernel, id, { limit: 1, before: version + 1 })).versions;
      if (found?.version === version) return found;
      const what = `The ${noun} "${id.slice(0, 64)}" has no version ${version}`;
      throw new RoostError("not_found", `${what}: see roost ${noun}s versions ${id.slice(0, 64)}`);
    },
  };
}

/** Names that the nearest one is looked for among. */
const namesMax = 2_000;

/** The error for an id that names none, with the nearest that does. */
export async function unknown(sql: Sql, noun: "job" | "agent", id: string): Promise<RoostError> {
  const rows = await sql.query<{ id: string }>(
    `select id from roost.${noun} where state <> 'removed' order by id limit ${namesMax}`,
  );
  const nearest = nearestName(
    id.slice(0, 64),
    rows.map((row) => row.id),
  );
  const advice = nearest === undefined ? `see roost ${noun}s list` : `did you mean ${nearest}?`;
  return new RoostError("not_found", `There is no ${noun} "${id.slice(0, 64)}": ${advice}`);
}
