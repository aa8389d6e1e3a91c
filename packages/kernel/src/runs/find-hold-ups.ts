import type { Sql } from "@roost/database";
import type { Question } from "./question.ts";

/** A run that waits for another one. */
export interface HoldUp {
  runId: string;
  /** It is queued behind the other; else it has started it. */
  isBehind: boolean;
  /** Of the question to a person for which the other waits, or one below that; null: there is none. */
  question: Question["kind"] | null;
}

/** Of those of these runs that are queued behind another or wait for one that they have started: whether it is a person who holds them up. */
export async function findHoldUps(sql: Sql, runIds: readonly string[]): Promise<HoldUp[]> {
  return await sql.query<HoldUp>(
    `with recursive held as (
       select r.id, r.state = 'queued' as is_behind,
         case when r.state = 'queued' then (select l.holder from roost.serial_key l where l.name = r.serial_key) else r.id end as at
       from roost.run r where r.id = any($1::uuid[]) and (r.state = 'queued' or r.waiting_for = 'child')
     ),
     line as (
       select id, at from held
       union
       select l.id, w.child_run_id from line l join roost.wait w on w.run_id = l.at and w.resolved_at is null and w.child_run_id is not null
     )
     select h.id as "runId", h.is_behind as "isBehind",
       (select q.kind from line l join roost.run w on w.id = l.at and w.waiting_for in ('person', 'resolution')
          join roost.question q on q.run_id = w.id and q.state = 'open'
        where l.id = h.id order by q.asked_at, q.id limit 1) as question
     from held h`,
    [runIds],
  );
}
