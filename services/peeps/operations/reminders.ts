/** Handlers on reminders. */
import { createId, RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext, ServiceTransaction } from "@roost/service";
import { z } from "zod";
import { finishReminder, listReminders, remind, takeDue } from "../contract/messages.ts";
import type { PersonRecord, ReminderRecord } from "../contract/records.ts";
import { addToDay } from "../people/add-to-day.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { todayOf } from "../people/today-of.ts";
import { findPeople } from "../records/find-people.ts";
import { rootOf, toPerson } from "../records/read-person.ts";
import { authorOf, labelsOf } from "../said/labels-of.ts";

/** What a person reads in a morning; more waits for the next. */
const remindersPerDayMax = 50;
const peoplePerDayMax = 20;

const ReminderPlace = z.tuple([z.iso.date(), z.uuid()]);
const reminderColumns = `r.id, p.id as "personId", p.name, r.text, r.due_on::text as "dueOn", r.every, r.source, p.name_source as "nameSource"`;

interface ReminderRow extends Omit<ReminderRecord, "labels"> {
  source: string;
  nameSource: string;
}

function toReminder({ source, nameSource, ...row }: ReminderRow): ReminderRecord {
  return { ...row, labels: labelsOf(source, nameSource) };
}

const reminderTables =
  "svc_peeps.reminder r join svc_peeps.person m on m.id = r.person_id join svc_peeps.person p on p.id = m.root";

export const serveReminders = ({ database, clock, timeZone }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(remind, ({ personId, text, dueOn, every }, { principal }) =>
      database.transact(async (tx) => {
        const root = await rootOf(tx, personId);
        const id = createId();
        await tx.query(
          "insert into svc_peeps.reminder (id, person_id, text, due_on, every, day, created_at, source) values ($1, $2, $3, $4, $5, extract(day from $4::date), $6, $7)",
          [id, root, text, dueOn, every ?? null, now(), authorOf(principal)],
        );
        return { reminder: await readReminder(tx, id) };
      }),
    ),
    serve(listReminders, async ({ limit, after, until }) => {
      const [from, fromId] = placeOf(ReminderPlace, after) ?? [null, null];
      const read = (count: number) =>
        database.query<ReminderRow>(
          `select ${reminderColumns} from ${reminderTables}
          where r.due_on is not null and ($1::date is null or (r.due_on, r.id) > ($1, $2::uuid)) and ($3::date is null or r.due_on <= $3)
          order by r.due_on, r.id limit $4`,
          [from, fromId, until ?? null, count],
        );
      const { rows, next } = await readPage(limit, read, ({ dueOn, id }) => [dueOn, id]);
      return toPage(rows.map(toReminder), next);
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
    serve(takeDue, (_none, { principal }) =>
      database.transact((tx) => take(tx, { by: principal.run?.id, today: todayOf({ clock, timeZone }), now: now() })),
    ),
  ];
};

async function take(
  tx: ServiceTransaction,
  { by = null, today, now }: { by: string | null | undefined; today: string; now: Date },
): Promise<{ reminders: ReminderRecord[]; overdue: PersonRecord[] }> {
  // One after the other: two that take at once would both tell.
  await lockIdentity(tx);
  await settleTold(tx);
  const reminders = await tx.query<ReminderRow>(
    `with due as (
        select id from svc_peeps.reminder where due_on <= $1::date and told_for is distinct from due_on order by due_on, id limit $2),
      told as (update svc_peeps.reminder set told_for = due_on, told_by = $3 where id in (select id from due))
      select ${reminderColumns} from ${reminderTables} where r.id in (select id from due) order by r.due_on, r.id`,
    [today, remindersPerDayMax, by],
  );
  const wanted = { place: undefined, limit: peoplePerDayMax, isOverdue: true, isUntold: true, isListed: true, now };
  const overdue = await findPeople(tx, wanted);
  await tx.query(
    `update svc_peeps.person p set told_silence_by = $2,
        told_silence = coalesce((select max(m.last_contact_at) from svc_peeps.person m where m.root = p.id), '-infinity')
      where id = any ($1::uuid[])`,
    [overdue.map(({ id }) => id), by],
  );
  return { reminders: reminders.map(toReminder), overdue: overdue.map(toPerson) };
}

/** What a run was to tell is told once the run is done, and is taken back from one that failed. */
async function settleTold(tx: ServiceTransaction): Promise<void> {
  const open = await tx.query<{ id: string }>(
    `select told_by as id from svc_peeps.reminder where told_by is not null
      union select told_silence_by from svc_peeps.person where told_silence_by is not null`,
  );
  if (open.length === 0) return;
  const runs = open.map(({ id }) => id);
  const outcomes = await tx.outcomesOf(runs);
  const failed = runs.filter((id) => outcomes.get(id) === "failed");
  const over = runs.filter((id) => outcomes.get(id) !== "open");
  await tx.query(
    `update svc_peeps.reminder set told_for = case when told_by = any ($2::uuid[]) then null else told_for end, told_by = null
      where told_by = any ($1::uuid[])`,
    [over, failed],
  );
  await tx.query(
    `update svc_peeps.person set told_silence_by = null,
        told_silence = case when told_silence_by = any ($2::uuid[]) then null else told_silence end
      where told_silence_by = any ($1::uuid[])`,
    [over, failed],
  );
}

async function readReminder(sql: Sql, id: string): Promise<ReminderRecord> {
  const [row] = await sql.query<ReminderRow>(`select ${reminderColumns} from ${reminderTables} where r.id = $1`, [id]);
  return toReminder(row!);
}
