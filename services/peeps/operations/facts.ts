/**
 * What messages may say of who wrote them. A suggestion holds only what stands in its message: the quote letter by letter, and
 * numbers, addresses and names in the quote. It becomes known when the owner confirms it, as if it had been typed.
 */
import { createId, RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage, type InputOf } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext, ServiceTransaction } from "@roost/service";
import { parsePartialDate } from "../contacts/partial-date.ts";
import { answerFact, listFacts, suggestFacts, type FactKindName, type FactRecord } from "../contract/facts.ts";
import { personLimits } from "../contract/limits.ts";
import { factsSuggested } from "../contract/peeps-events.ts";
import { giveHandle } from "../people/give-handle.ts";
import { insertNote, setField, withLabel, type LabelledHandle } from "../people/insert-person.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { addKnownThrough } from "../people/name-anew.ts";
import { relationTypeOf } from "../people/relation-types.ts";
import { exactMoment, MomentPlace } from "../records/moment-place.ts";
import { readPerson, rootOf } from "../records/read-person.ts";
import { authorOf, labelsOfMessage } from "../said/labels-of.ts";
import { fitText } from "../text/fit-text.ts";

type Given = InputOf<typeof suggestFacts>["facts"][number];

interface FactRow extends Omit<FactRecord, "sentAt" | "labels"> {
  /** The handle that wrote the message. */
  sender: string | null;
  sentAt: Date;
  place: string;
  state: "open" | "confirmed" | "declined";
}

const factColumns = `f.id, r.id as "personId", r.name, f.kind, f.value, f.relation, f.quote, m.source, h.norm as sender, m.sent_at as "sentAt",
  f.state, ${exactMoment("f.created_at")} as place`;
const factTables = `svc_peeps.fact f join svc_peeps.message m on m.id = f.message_id left join svc_peeps.handle h on h.id = m.handle_id
  join svc_peeps.person p on p.id = f.person_id join svc_peeps.person r on r.id = p.root`;

export const serveFacts = ({ database, clock }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(suggestFacts, ({ facts }) =>
      database.transact(async (tx) => {
        const refused: { index: number; reason: string }[] = [];
        let added = 0;
        for (const [index, fact] of facts.entries()) {
          const result = await suggest(tx, fact, now());
          if (typeof result === "string") refused.push({ index, reason: result.slice(0, 300) });
          else added += result;
        }
        if (added > 0) tx.emit(factsSuggested, { data: { count: added } });
        return { added, known: facts.length - added - refused.length, refused };
      }),
    ),
    serve(listFacts, async ({ limit, after, personId }) => {
      const root = personId === undefined ? null : await rootOf(database, personId);
      const [from, fromId] = placeOf(MomentPlace, after) ?? [null, null];
      const read = (count: number) =>
        database.query<FactRow>(
          `select ${factColumns} from ${factTables} where f.state = 'open' and ($1::uuid is null or r.id = $1)
            and ($2::timestamptz is null or (f.created_at, f.id) > ($2, $3::uuid)) order by f.created_at, f.id limit $4`,
          [root, from, fromId, count],
        );
      const { rows, next } = await readPage(limit, read, ({ place, id }) => [place, id]);
      return toPage(rows.map(toFact), next);
    }),
    serve(answerFact, ({ factId, isTrue, value }, { principal }) =>
      database.transact(async (tx) => {
        await lockIdentity(tx);
        const [row] = await tx.query<FactRow>(
          `select ${factColumns} from ${factTables} where f.id = $1 for update of f`,
          [factId],
        );
        if (row === undefined) throw new RoostError("not_found", `there is no suggestion ${factId}`);
        if (isTrue && row.state !== "confirmed")
          await makeKnown(tx, { ...row, value: value ?? row.value }, { author: authorOf(principal), at: now() });
        if (isTrue || row.state === "open")
          await tx.query("update svc_peeps.fact set state = $2 where id = $1", [
            row.id,
            isTrue ? "confirmed" : "declined",
          ]);
        return { person: await readPerson(tx, row.personId) };
      }),
    ),
  ];
};

function toFact({ sentAt, sender, state: _state, place: _place, ...row }: FactRow): FactRecord {
  return { ...row, sentAt: sentAt.toISOString(), labels: labelsOfMessage(row.source, sender ?? undefined) };
}

/** How many were added, or why it is none. */
async function suggest(tx: ServiceTransaction, fact: Given, at: Date): Promise<number | string> {
  const { source, externalId, kind, value, relation, quote } = fact;
  const [message] = await tx.query<{ id: string; text: string; personId: string | null; isAutomatic: boolean }>(
    `select m.id, coalesce(m.subject || E'\\n', '') || m.text as text, m.is_automatic or h.is_shared or h.is_business as "isAutomatic",
        h.person_id as "personId"
      from svc_peeps.message m left join svc_peeps.handle h on h.id = m.handle_id
      where m.source = $1 and m.external_id = $2 and not m.is_deleted`,
    [source, externalId],
  );
  if (message === undefined) return `there is no message ${externalId} of ${source}`;
  if (message.personId === null) return "the owner wrote this message: it says nothing of who wrote it";
  if (message.isAutomatic) return "a machine, a business or several people wrote this message";
  if (!plain(message.text).includes(plain(quote)))
    return "the message does not have these words: quote it letter by letter";
  const wrong = faultOf(fact);
  if (wrong !== undefined) return wrong;
  const rows = await tx.query(
    `insert into svc_peeps.fact (id, message_id, person_id, kind, value, relation, quote, created_at)
      select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (
        select from svc_peeps.fact f join svc_peeps.person p on p.id = f.person_id
        where p.root = (select root from svc_peeps.person where id = $3) and f.kind = $4 and lower(f.value) = lower($5))
      on conflict do nothing returning id`,
    [createId(), message.id, message.personId, kind, value, relationOf(kind, relation), quote, at],
  );
  return rows.length;
}

function relationOf(kind: FactKindName, relation: string | undefined): string | null {
  return kind === "relation" && relation !== undefined ? relationTypeOf(relation).name : null;
}

/** What is wrong with the value, beside its message. */
function faultOf({
  kind,
  value,
  relation,
  quote,
}: Pick<Given, "kind" | "value" | "relation" | "quote">): string | undefined {
  switch (kind) {
    case "birthday": {
      const date = parsePartialDate(value);
      if (date?.month === undefined || date.day === undefined) return `${value} is no birthday: write it like --04-12`;
      return /\d/.test(quote) || /birthday/i.test(quote) ? undefined : "the words name no day";
    }
    case "phone": {
      if (handleOf(kind, value) === undefined) return `${value} is no phone number with its country code`;
      const digits = (text: string): string => text.replaceAll(/\D/g, "");
      return digits(quote).includes(digits(value).slice(-7)) ? undefined : "the words have another number";
    }
    case "email":
      if (handleOf(kind, value) === undefined) return `${value} is no e-mail address`;
      break;
    case "relation":
      if (relation === undefined) return "relation: what the other is is missing";
      break;
    default:
      return undefined;
  }
  return plain(quote).includes(plain(value)) ? undefined : `the words do not have "${value}"`;
}

function handleOf(kind: "phone" | "email", value: string): LabelledHandle | undefined {
  const handle = withLabel({ kind, value });
  return handle === undefined || handle.norm.includes(":") ? undefined : handle;
}

async function makeKnown(
  tx: ServiceTransaction,
  fact: FactRow,
  { author, at }: { author: string; at: Date },
): Promise<void> {
  const wrong = fact.kind === "birthday" ? faultOf({ ...fact, relation: undefined, quote: "birthday" }) : undefined;
  if (wrong !== undefined) throw new RoostError("invalid_input", `value: ${wrong}`);
  const { kind, value, personId } = fact;
  const said = { personId, source: author, at };
  if (kind === "organization")
    await setField(tx, { ...said, name: "organization", value: fitText(value, personLimits.wordMax) });
  else if (kind === "birthday") await setBirthday(tx, { ...said, value });
  else if (kind === "relation") await relate(tx, fact, { author, at });
  else if (kind === "note") await insertNote(tx, { ...said, text: value });
  else {
    const handle = handleOf(kind, value);
    if (handle === undefined) throw new RoostError("invalid_input", `value: ${value} is no ${kind}`);
    await giveHandle(tx, { ...said, handle });
  }
  await tx.query("update svc_peeps.person set revision = revision + 1 where id = $1", [personId]);
}

async function setBirthday(
  tx: Sql,
  { personId, value, source }: { personId: string; value: string; source: string },
): Promise<void> {
  const date = parsePartialDate(value);
  await tx.query(
    `insert into svc_peeps.important_date (id, person_id, label, year, month, day, source) values ($1, $2, 'birthday', $3, $4, $5, $6)
      on conflict (person_id, label, source, card) do update set year = excluded.year, month = excluded.month, day = excluded.day`,
    [createId(), personId, date?.year ?? null, date?.month ?? null, date?.day ?? null, source],
  );
}

async function relate(
  tx: Sql,
  { personId, value, relation, quote, source }: FactRow,
  { author, at }: { author: string; at: Date },
): Promise<void> {
  const otherId = await addKnownThrough(tx, { name: fitText(value, personLimits.nameMax), source: author, at });
  await tx.query(
    `insert into svc_peeps.relation (id, person_id, other_id, type, source, evidence, evidence_source) values ($1, $2, $3, $4, $5, $6, $7)`,
    [createId(), personId, otherId, relation ?? "related", author, `${source}: ${quote}`, source],
  );
}

function plain(text: string): string {
  return text.normalize("NFKC").replaceAll(/\s+/g, " ").trim().toLowerCase();
}
