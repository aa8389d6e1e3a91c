/** Handlers on important dates and on how often people are to be spoken to. */
import { createId, RoostError } from "@roost/base";
import { serve } from "@roost/contract";
import type { ServiceContext } from "@roost/service";
import { parsePartialDate } from "../contacts/partial-date.ts";
import { setCadence, setDate } from "../contract/people.ts";
import { todayOf } from "../people/today-of.ts";
import { readPersonDetails, rootOf } from "../records/read-person.ts";
import { authorOf } from "../said/labels-of.ts";

export const serveDates = ({ database, clock, timeZone }: ServiceContext) => {
  return [
    serve(setDate, ({ personId, label, date }, { principal }) =>
      database.transact(async (tx) => {
        const root = await rootOf(tx, personId);
        const parsed = date === null ? undefined : parsePartialDate(date);
        if (date !== null && parsed === undefined)
          throw new RoostError("invalid_input", `date: there is no day ${date}`);
        // What was said here, by anyone: what books say stays.
        await tx.query("delete from svc_peeps.important_date where person_id = $1 and label = $2 and card = ''", [
          root,
          label,
        ]);
        if (parsed !== undefined)
          await tx.query(
            "insert into svc_peeps.important_date (id, person_id, label, year, month, day, source) values ($1, $2, $3, $4, $5, $6, $7)",
            [
              createId(),
              root,
              label,
              parsed.year ?? null,
              parsed.month ?? null,
              parsed.day ?? null,
              authorOf(principal),
            ],
          );
        return await readPersonDetails(tx, root, todayOf({ clock, timeZone }));
      }),
    ),
    serve(setCadence, ({ tag, days }) =>
      database.transact(async (tx) => {
        if (days === null) await tx.query("delete from svc_peeps.cadence where tag = $1", [tag]);
        else
          await tx.query(
            "insert into svc_peeps.cadence values ($1, $2) on conflict (tag) do update set days = excluded.days",
            [tag, days],
          );
        const [row] = await tx.query<{ people: number }>(
          "select count(distinct m.root)::int as people from svc_peeps.shown_tag t join svc_peeps.person m on m.id = t.person_id where t.tag = $1",
          [tag],
        );
        return { people: row?.people ?? 0 };
      }),
    ),
  ];
};
