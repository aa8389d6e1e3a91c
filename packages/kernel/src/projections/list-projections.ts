import type { Sql } from "@roost/database";
import type { Projection, ProjectionDifference } from "./projection.ts";

export interface ProjectionState {
  name: string;
  version: number;
  topics: readonly string[];
  tables: string[];
  /** A started replay that is not done: call it again. */
  building: { appliedCount: number; startedAt: Date; updatedAt: Date } | null;
  /** The last finished replay or check. */
  last: {
    isCheck: boolean;
    isEqual: boolean;
    difference: ProjectionDifference | null;
    sha256: string;
    appliedCount: number;
    endedAt: Date;
  } | null;
}

/** In the given order. */
export async function listProjections(sql: Sql, projections: readonly Projection[]): Promise<ProjectionState[]> {
  const building = await sql.query<NonNullable<ProjectionState["building"]> & { projection: string }>(
    `select projection, applied_count as "appliedCount", started_at as "startedAt", updated_at as "updatedAt" from roost.projection_replay`,
  );
  const last = await sql.query<NonNullable<ProjectionState["last"]> & { projection: string }>(
    `select projection, is_check as "isCheck", is_equal as "isEqual", difference, sha256, applied_count as "appliedCount", ended_at as "endedAt"
     from roost.projection_run`,
  );
  const of = <Row extends { projection: string }>(rows: Row[], name: string): Omit<Row, "projection"> | null => {
    const found = rows.find((row) => row.projection === name);
    if (found === undefined) return null;
    const { projection: _, ...row } = found;
    return row;
  };
  return projections.map(({ name, version, topics, tables }) => ({
    name,
    version,
    topics,
    tables: tables.map((table) => table.name),
    building: of(building, name),
    last: of(last, name),
  }));
}
