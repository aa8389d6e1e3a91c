/** Messages in, exactly once in effect, and as they are read. */
import type { JsonObject } from "@roost/base";
import { placeOf, readPage, serve, toPage } from "@roost/contract";
import type { ServiceContext, ServiceTransaction } from "@roost/service";
import { messageReceived } from "../contract/peeps-events.ts";
import { listMessages, readWatch, receiveMessages } from "../contract/messages.ts";
import type { PeepsMessageRecord, ReceivedMessageRecord } from "../contract/records.ts";
import { hashOf } from "../text/hash-of.ts";
import { exactMoment, MomentPlace } from "../records/moment-place.ts";
import { rootOf } from "../records/read-person.ts";
import { labelsOfMessage } from "../said/labels-of.ts";

interface MessageRow extends Omit<PeepsMessageRecord, "sentAt" | "editedAt" | "labels"> {
  /** The handle that wrote it; null: the owner's. */
  sender: string | null;
  sentAt: Date;
  editedAt: Date | null;
  place: string;
}

export const serveMessages = ({ database, clock }: ServiceContext) => [
  serve(receiveMessages, ({ messages, reactions, watch }) =>
    database.transact(async (tx) => {
      const counts = await receive(tx, messages);
      const given = reactions.map(({ target, sender, at, ...reaction }) => ({
        ...reaction,
        external_id: target,
        author: sender?.value ?? "owner",
        at,
      }));
      await tx.query(
        `with r as (select * from jsonb_to_recordset($1::jsonb) as r (source text, external_id text, author text, reaction text, "isRemoved" boolean, at timestamptz)),
          removed as (delete from svc_peeps.reaction x using r where r."isRemoved" and x.source = r.source and x.external_id = r.external_id and x.author = r.author and x.reaction = r.reaction)
          insert into svc_peeps.reaction (source, external_id, author, reaction, at)
            select distinct on (source, external_id, author, reaction) source, external_id, author, reaction, at from r where not "isRemoved"
          on conflict do nothing`,
        [JSON.stringify(given)],
      );
      if (watch !== undefined)
        await tx.query(
          `insert into svc_peeps.watch (source, name, place, lag_ms, seen_at) values ($1, $2, $3, $4, $5)
            on conflict (source, name) do update set place = excluded.place, lag_ms = excluded.lag_ms, seen_at = excluded.seen_at`,
          [watch.source, watch.name, JSON.stringify(watch.place), watch.lagMs, new Date(clock.nowMs())],
        );
      return counts;
    }),
  ),
  serve(readWatch, async ({ source, name }) => {
    const [row] = await database.query<{ place: JsonObject; lagMs: number; seenAt: Date }>(
      `select place, lag_ms::float8 as "lagMs", seen_at as "seenAt" from svc_peeps.watch where source = $1 and name = $2`,
      [source, name],
    );
    return { watch: row === undefined ? null : { ...row, seenAt: row.seenAt.toISOString() } };
  }),
  serve(listMessages, async ({ personId, limit, after }) => {
    const root = await rootOf(database, personId);
    const [from, fromId] = placeOf(MomentPlace, after) ?? [null, null];
    const read = (count: number) =>
      database.query<MessageRow>(
        `with mine as (
          select h.id from svc_peeps.person m join svc_peeps.handle h on h.person_id = m.id where m.root = $1)
        select m.id, m.source, jsonb_build_object('title', c.title, 'isGroup', c.is_group) as conversation, m.handle_id is null as "isFromOwner", h.norm as sender,
          p.id as "personId", p.name, m.sent_at as "sentAt", ${exactMoment("m.sent_at")} as place, m.edited_at as "editedAt", m.edits, m.subject, m.text, m.is_deleted as "isDeleted", m.attachments
        from svc_peeps.message m
          join svc_peeps.conversation c on c.id = m.conversation_id
          left join svc_peeps.handle h on h.id = m.handle_id
          left join svc_peeps.person o on o.id = h.person_id
          left join svc_peeps.person p on p.id = o.root
        where (m.handle_id in (select id from mine) or (m.handle_id is null and not c.is_group and exists (
            select from svc_peeps.participant x where x.conversation_id = c.id and x.handle_id in (select id from mine))))
          and ($2::timestamptz is null or (m.sent_at, m.id) < ($2, $3::uuid))
        order by m.sent_at desc, m.id desc limit $4`,
        [root, from, fromId, count],
      );
    const { rows, next } = await readPage(limit, read, ({ place, id }) => [place, id]);
    return toPage(rows.map(toMessage), next);
  }),
];

function toMessage(row: MessageRow): PeepsMessageRecord {
  const { id, source, conversation, isFromOwner, personId, name, edits, subject, text, isDeleted, attachments } = row;
  const [sentAt, editedAt] = [row.sentAt.toISOString(), row.editedAt?.toISOString() ?? null];
  return {
    id,
    source,
    conversation,
    isFromOwner,
    personId,
    name,
    sentAt,
    editedAt,
    edits,
    subject,
    text,
    isDeleted,
    attachments,
    labels: labelsOfMessage(source, row.sender ?? undefined),
  };
}

/** Tells of those that are new or another revision, and remembers them in the same transaction. A mail is never revised: its id is its sender's choice. */
async function receive(
  tx: ServiceTransaction,
  messages: readonly ReceivedMessageRecord[],
): Promise<{ added: number; changed: number; repeated: number }> {
  const given = new Map(messages.map((message) => [`${message.source} ${message.externalId}`, message]));
  const rows = [...given.values()].map((message) => ({
    source: message.source,
    external_id: message.externalId,
    hash: hashOfRevision(message),
  }));
  const written = await tx.query<{ source: string; externalId: string; isNew: boolean }>(
    `insert into svc_peeps.received as known (source, external_id, hash)
      select source, external_id, hash from jsonb_to_recordset($1::jsonb) as r (source text, external_id text, hash text) order by source, external_id
      on conflict (source, external_id) do update set hash = excluded.hash where known.hash <> excluded.hash and known.source <> 'mail'
      returning source, external_id as "externalId", xmax = 0 as "isNew"`,
    [JSON.stringify(rows)],
  );
  const isTold = new Set(written.map(({ source, externalId }) => `${source} ${externalId}`));
  for (const [key, message] of given) {
    if (!isTold.has(key)) continue;
    tx.emit(messageReceived, {
      subject: `${message.source}/${message.conversation.id}`.slice(0, 500),
      data: { message },
      labels: ["aud:domain:peeps", ...labelsOfMessage(message.source, message.sender?.value)],
    });
  }
  const added = written.filter(({ isNew }) => isNew).length;
  return { added, changed: written.length - added, repeated: messages.length - written.length };
}

/** A revision is what was written, not who else is around. */
function hashOfRevision({ text, subject, editedAt, isDeleted, attachments, sender }: ReceivedMessageRecord): string {
  return hashOf({ text, subject, editedAt, isDeleted, attachments, sender: sender?.value });
}
