/**
 * Puts a message where it belongs: whose handle it is, or a person of whom nothing but that is known, so that no message is
 * dropped for want of one. A later revision of a message replaces the earlier, never the other way round.
 */
import { createId } from "@roost/base";
import type { Consumer, ServiceTransaction } from "@roost/service";
import { personLimits } from "../contract/limits.ts";
import { messageReceived } from "../contract/peeps-events.ts";
import type { ReceivedMessageRecord } from "../contract/records.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { nameKey } from "../people/name-key.ts";
import { normalizeHandle, type Handle } from "../people/normalize-handle.ts";
import { suggestMerges } from "../people/suggest-merges.ts";
import { fitText } from "../text/fit-text.ts";

export const fileMessage: Consumer = {
  name: "messages",
  types: [messageReceived.type],
  // A message that cannot be filed is set aside with later ones of its conversation; all others go on.
  onFailure: { setAsideAfter: 5 },
  pinsRetention: true,
  // Once for all messages of a transaction.
  begin: lockIdentity,
  handle: async ({ data, time }, tx) => {
    const { message } = data as { message: ReceivedMessageRecord };
    const named = handlesOf(message);
    const known = await readPlace(tx, message, named);
    const stubs = named.filter(({ key }) => !known.handles.has(key));
    const at = new Date(time);
    await addStubs(tx, stubs, { source: message.source, at });
    const ids = new Map([...known.handles, ...stubs.map(({ key, handleId }) => [key, handleId] as const)]);
    const conversationId = known.conversationId ?? createId();
    await writeMessage(tx, message, {
      conversationId,
      handles: [...ids.values()],
      senderId: ids.get(keyOf(named, message)),
    });
    if (stubs.length > 0)
      await suggestMerges(
        tx,
        stubs.map(({ personId }) => personId),
        at,
      );
  },
};

interface Named {
  key: string;
  handle: Handle;
  name: string;
  /** Whether the source says a name beside the handle. */
  isNamed: boolean;
  handleId: string;
  personId: string;
  isSender: boolean;
}

function handlesOf({ source, sender, participants }: ReceivedMessageRecord): Named[] {
  const found = new Map<string, Named>();
  for (const [index, { kind, value, name }] of [...(sender === undefined ? [] : [sender]), ...participants].entries()) {
    const handle = normalizeHandle({ kind, value, service: source });
    if (handle === undefined) continue;
    const key = `${handle.kind} ${handle.norm}`;
    const isSender = sender !== undefined && index === 0;
    if (!found.has(key))
      found.set(key, {
        key,
        handle,
        name: fitText(name ?? handle.raw, personLimits.nameMax),
        isNamed: name !== undefined,
        handleId: createId(),
        personId: createId(),
        isSender,
      });
  }
  return [...found.values()];
}

function keyOf(named: readonly Named[], { sender }: ReceivedMessageRecord): string {
  return (sender === undefined ? undefined : named.find(({ isSender }) => isSender)?.key) ?? "";
}

async function readPlace(
  tx: ServiceTransaction,
  { source, conversation }: ReceivedMessageRecord,
  named: readonly Named[],
): Promise<{ conversationId: string | undefined; handles: Map<string, string> }> {
  const rows = await tx.query<{ key: string | null; id: string }>(
    `select null as key, id from svc_peeps.conversation where source = $1 and external_id = $2
      union all select h.kind || ' ' || h.norm, h.id from unnest($3::text[], $4::text[]) as wanted (kind, norm)
        join svc_peeps.handle h on h.kind = wanted.kind and h.norm = wanted.norm`,
    [source, conversation.id, named.map(({ handle }) => handle.kind), named.map(({ handle }) => handle.norm)],
  );
  return {
    conversationId: rows.find(({ key }) => key === null)?.id,
    handles: new Map(rows.flatMap(({ key, id }) => (key === null ? [] : [[key, id] as const]))),
  };
}

/** A person known from messages only: unlisted, named as in the source. */
async function addStubs(
  tx: ServiceTransaction,
  stubs: Named[],
  { source, at }: { source: string; at: Date },
): Promise<void> {
  if (stubs.length === 0) return;
  const rows = JSON.stringify(
    stubs.map(({ handle, name, isNamed, handleId, personId }) => ({
      ...handle,
      name,
      name_key: isNamed ? nameKey(name) : "",
      handle_id: handleId,
      person_id: personId,
    })),
  );
  const written = await tx.query<{ key: string; handleId: string }>(
    `with r as (select * from jsonb_to_recordset($1::jsonb) as r (handle_id uuid, person_id uuid, kind text, norm text, raw text, name text, name_key text, "isBusiness" boolean)),
      person as (
        insert into svc_peeps.person (id, root, kind, is_listed, name, name_key, name_source, created_at)
          select person_id, person_id, case when "isBusiness" then 'organization' else 'person' end, false, name, name_key, $2, $3 from r),
      field as (
        insert into svc_peeps.field (person_id, name, origin, source, value, at) select person_id, 'name', 3, $2, name, $3 from r)
      insert into svc_peeps.handle (id, person_id, kind, norm, raw, is_business, source, first_seen)
        select handle_id, person_id, kind, norm, raw, "isBusiness", $2, $3 from r
      on conflict (kind, norm) do update set norm = excluded.norm
      returning kind || ' ' || norm as key, id as "handleId"`,
    [rows, source, at],
  );
  // Another process may have been first: its handle is the one.
  const first = new Map(written.map(({ key, handleId }) => [key, handleId]));
  for (const stub of stubs) stub.handleId = first.get(stub.key) ?? stub.handleId;
}

async function writeMessage(
  tx: ServiceTransaction,
  message: ReceivedMessageRecord,
  {
    conversationId,
    handles,
    senderId,
  }: { conversationId: string; handles: readonly string[]; senderId: string | undefined },
): Promise<void> {
  const { source, externalId, conversation, isFromOwner, isDeleted, isAutomatic = false } = message;
  // What both said in a conversation of two, and what one said anywhere: that is contact with a person.
  const spoke = isDeleted || isAutomatic ? [] : isFromOwner ? (conversation.isGroup ? [] : handles) : [senderId];
  await tx.query(
    `with conversation as (
        insert into svc_peeps.conversation (id, source, external_id, title, is_group) values ($1, $2, $3, $4, $5)
          on conflict (source, external_id) do update set title = coalesce(excluded.title, conversation.title) returning id),
      participant as (
        insert into svc_peeps.participant (conversation_id, handle_id) select conversation.id, handle_id from conversation, unnest($6::uuid[]) as handle_id
          on conflict do nothing),
      spoken as (
        update svc_peeps.person p set last_contact_at = $7 from svc_peeps.handle h
          where h.id = any ($8::uuid[]) and p.id = h.person_id and not h.is_shared and not h.is_business
            and (p.last_contact_at is null or p.last_contact_at < $7))
      insert into svc_peeps.message as m (id, source, external_id, conversation_id, handle_id, sent_at, edited_at, subject, text, is_deleted, is_automatic, attachments, reply_to, edits)
        select $9, $2, $10, conversation.id, $11, $7, $12, $13, $14, $15, $16, $17, $18, $19 from conversation
      on conflict (source, external_id) do update
        set conversation_id = excluded.conversation_id, edited_at = excluded.edited_at, edits = excluded.edits, subject = excluded.subject, text = excluded.text, is_deleted = excluded.is_deleted, attachments = excluded.attachments
        where (m.edited_at is null or excluded.edited_at >= m.edited_at)
          and m.source <> 'mail' and m.handle_id is not distinct from excluded.handle_id`,
    [
      conversationId,
      source,
      conversation.id,
      conversation.title ?? null,
      conversation.isGroup,
      handles,
      message.sentAt,
      spoke.filter((id) => id !== undefined),
      createId(),
      externalId,
      isFromOwner ? null : (senderId ?? null),
      message.editedAt ?? null,
      message.subject ?? null,
      message.text,
      isDeleted,
      isAutomatic,
      JSON.stringify(message.attachments),
      message.replyTo ?? null,
      JSON.stringify(message.edits ?? []),
    ],
  );
}
