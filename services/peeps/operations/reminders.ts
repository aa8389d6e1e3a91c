/** Handlers on reminders. */
import { createId, RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { z } from "zod";
import { finishReminder, listReminders, remind } from "../contract/messages.ts";
import type { ReminderRecord } from "../contract/records.ts";
import { addToDay } from "../people/add-to-day.ts";
import { rootOf } from "../records/read-person.ts";

const ReminderPlace = z.tuple([z.iso.date(), z.uuid()]);
const reminderColumns = `r.id, p.id as "personId", p.name, r.text, r.due_on::text as "dueOn", r.every`;
const reminderTables =
  "svc_peeps.reminder r join svc_peeps.person m on m.id = r.person_id join svc_peeps.person p on p.id = m.root";

export const serveReminders = ({ database, clock }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(remind, ({ personId, text, dueOn, every }) =>
      database.transact(async (tx) => {
        const root = await rootOf(tx, personId);
        const id = createId();
        await tx.query(
          "insert into svc_peeps.reminder (id, person_id, text, due_on, every, day, created_at) values ($1, $2, $3, $4, $5, extract(day from $4::date), $6)",
          [id, root, text, dueOn, every ?? null, now()],
        );
        return { reminder: await readReminder(tx, id) };
      }),
    ),
    serve(listReminders, async ({ limit, after, until }) => {
      const [from, fromId] = placeOf(ReminderPlace, after) ?? [null, null];
      const read = (count: number) =>
        database.query<ReminderRecord>(
          `select ${reminderColumns} from ${reminderTables}
          where r.due_on is not null and ($1::date is null or (r.due_on, r.id) > ($1, $2::uuid)) and ($3::date is null or r.due_on <= $3)
          order by r.due_on, r.id limit $4`,
          [from, fromId, until ?? null, count],
        );
      const { rows, next } = await readPage(limit, read, ({ dueOn, id }) => [dueOn, id]);
      return toPage(rows, next);
    }),
    serve(finishReminder, ({ reminderId, dueOn }) =>
      database.transact(async (tx) => {
        const [row] = await tx.query<{ id: string; dueOn: string | null; every: ReminderRecord["every"]; day: number }>(
          `select id, due_on::text as "dueOn", every, day from svc_peeps.reminder where id::text = $1 for update`,
          [reminderId],
        );
        if (row === undefined) throw new RoostError("not_found", `there is no reminder ${reminderId}`);
        // Finished once for a day, however often that is said.
        if (row.dueOn === dueOn)
          await tx.query("update svc_peeps.reminder set due_on = $2 where id = $1", [
            row.id,
            row.every === null ? null : addToDay(dueOn, row.every, row.day),
          ]);
        return { reminder: await readReminder(tx, row.id) };
      }),
    ),
  ];
};

async function readReminder(sql: Sql, id: string): Promise<ReminderRecord> {
  const [row] = await sql.query<ReminderRecord>(`select ${reminderColumns} from ${reminderTables} where r.id = $1`, [
    id,
  ]);
  return row!;
}
