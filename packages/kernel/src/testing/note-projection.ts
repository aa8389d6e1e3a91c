/** A projection for tests: the last note of each subject, and their number. */
import type { Projection } from "../projections/projection.ts";

export const noteProjection: Projection = {
  name: "notes",
  version: 1,
  topics: ["notes"],
  tables: [{ name: "public.note", key: ["subject"], columns: ["subject", "n", "count"] }],
  apply: async (tx, events, copyOf) => {
    for (const event of events) {
      await tx.query(
        `insert into ${copyOf("public.note")} as c (subject, n, count) values ($1, $2, 1)
         on conflict (subject) do update set n = $2, count = c.count + 1`,
        [event.subject, event.data["n"]],
      );
    }
  },
};

export const noteTable =
  "create table public.note (subject text primary key, n int not null, count int not null, seen_at timestamptz default now())";
