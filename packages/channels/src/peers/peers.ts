/** Who writes in a channel, and as whom: the person, a guest who was allowed by name, or a stranger. */
import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { clipText, nameCharsMax, type peerStandings } from "@roost/contract/operations";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import type { IncomingMessage, Peer } from "../channel.ts";

export type Standing = (typeof peerStandings)[number];

export interface KnownPeer extends Peer {
  kind: "user" | "group";
  standing: Standing;
  refusedCount: number;
  changedBy: string | null;
  seenAt: Date | null;
}

/** Of a channel; the one that was refused longest ago is forgotten. */
const refusedMax = 1_000;

const columns = `id, kind, name, title, standing, refused_count as "refusedCount", changed_by as "changedBy", seen_at as "seenAt"`;

export async function listPeers(
  { database }: Kernel,
  channel: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<KnownPeer[]> {
  return database.query<KnownPeer>(
    `select ${columns} from channels.peer where channel = $1 and ($2::text is null or id > $2) order by id limit $3`,
    [channel, after ?? null, limit],
  );
}

/** The person's private chat. */
export async function findOwner(
  { database }: Pick<Kernel, "database">,
  channel: string,
): Promise<KnownPeer | undefined> {
  const [owner] = await database.query<KnownPeer>(
    `select ${columns} from channels.peer where channel = $1 and standing = 'owner'`,
    [channel],
    { name: "channels_find_owner" },
  );
  return owner;
}

/** Standings of those that a message comes from. */
export async function readStandings(
  { database }: Pick<Kernel, "database">,
  channel: string,
  ids: readonly string[],
): Promise<Map<string, Standing>> {
  const rows = await database.query<{ id: string; standing: Standing }>(
    "select id, standing from channels.peer where channel = $1 and id = any($2)",
    [channel, ids],
    { name: "channels_standings" },
  );
  return new Map(rows.map(({ id, standing }) => [id, standing]));
}

/** Remembers who was refused, so that the person can allow them by name. Returns how often it has been. */
export async function noteRefused(
  tx: KernelTransaction,
  channel: string,
  { peer, kind }: { peer: Peer; kind: "user" | "group" },
): Promise<number> {
  await tx.query(
    `delete from channels.peer where channel = $1 and standing = 'refused' and id in (
       select id from channels.peer where channel = $1 and standing = 'refused' order by seen_at desc nulls last offset $2)`,
    [channel, refusedMax - 1],
  );
  const [row] = await tx.query<{ refusedCount: number }>(
    `insert into channels.peer as p (channel, id, kind, name, title, standing, refused_count, seen_at)
     values ($1, $2, $3, $4, $5, 'refused', 1, roost.now())
     on conflict (channel, id) do update set name = $4, title = $5, refused_count = p.refused_count + 1, seen_at = roost.now()
     returning refused_count as "refusedCount"`,
    [channel, peer.id, kind, ...namesOf(peer)],
  );
  return row!.refusedCount;
}

export async function noteSeen(tx: KernelTransaction, channel: string, peer: Peer): Promise<void> {
  await tx.query(
    "update channels.peer set name = $3, title = $4, seen_at = roost.now() where channel = $1 and id = $2",
    [channel, peer.id, ...namesOf(peer)],
  );
}

/** The person's private chat from now on; the one before is refused. In the transaction that uses the code. */
export async function bindOwner(
  tx: KernelTransaction,
  channel: string,
  { chat, by }: { chat: IncomingMessage["chat"]; by: string },
): Promise<void> {
  const before = await tx.query<{ id: string; name: string | null }>(
    "update channels.peer set standing = 'refused', changed_by = $2 where channel = $1 and standing = 'owner' and id <> $3 returning id, name",
    [channel, by, chat.id],
  );
  for (const { id, name } of before) emitChanged(tx, channel, { id, name, standing: "refused", by });
  await tx.query(
    `insert into channels.peer (channel, id, kind, name, title, standing, changed_by, seen_at) values ($1, $2, 'user', $3, $4, 'owner', $5, roost.now())
     on conflict (channel, id) do update set standing = 'owner', name = $3, title = $4, changed_by = $5, seen_at = roost.now()`,
    [channel, chat.id, ...namesOf(chat), by],
  );
  emitChanged(tx, channel, { id: chat.id, name: chat.name, standing: "owner", by });
}

/**
 * Allows one who has written, by name or id, as a guest, or refuses them from now on. A name is looked up among those who wrote, because another
 * account may take it later. With an @ it is the name alone: titles are chosen freely. Repeating it changes nothing.
 * @throws RoostError `not_found`, or `conflict` for one that names several, and for the person's own chat
 */
export async function changeStanding(
  kernel: Kernel,
  channel: string,
  { peer: given, standing, by }: { peer: string; standing: "guest" | "refused"; by: string },
): Promise<KnownPeer> {
  const name = given.replace(/^@/, "");
  return kernel.transact(async (tx) => {
    const found = await tx.query<KnownPeer>(
      `select ${columns} from channels.peer where channel = $1 and (id = $2 or lower(name) = lower($3) or ($4 and lower(title) = lower($3)))
       order by id = $2 desc limit 2 for update`,
      [channel, given, name, name === given],
    );
    const [peer, other] = found;
    if (peer === undefined)
      throw new RoostError(
        "not_found",
        `"${given.slice(0, 100)}" has not written in ${channel} yet: let them write once, then see roost channels`,
      );
    if (other !== undefined && peer.id !== given)
      throw new RoostError("conflict", `"${given.slice(0, 100)}" names more than one in ${channel}: name it by its id`);
    if (peer.standing === "owner" && standing === "guest")
      throw new RoostError("conflict", `"${given.slice(0, 100)}" is the person's own chat already`);
    if (peer.standing === standing) return peer;
    const [changed] = await tx.query<KnownPeer>(
      `update channels.peer set standing = $3, changed_by = $4 where channel = $1 and id = $2 returning ${columns}`,
      [channel, peer.id, standing, by],
    );
    emitChanged(tx, channel, { ...peer, standing, by });
    return changed!;
  });
}

/** A group goes on under another id: what it may goes along, and answers that are under way. */
export async function moveGroup(
  tx: KernelTransaction,
  channel: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const [moved] = await tx.query<Pick<KnownPeer, "id" | "name" | "standing" | "changedBy">>(
    `with gone as (delete from channels.peer where channel = $1 and id = $2 and kind = 'group' returning *)
     insert into channels.peer (channel, id, kind, name, title, standing, changed_by, seen_at)
     select channel, $3, kind, name, title, standing, changed_by, roost.now() from gone
     on conflict (channel, id) do update set standing = excluded.standing, changed_by = excluded.changed_by where peer.standing = 'refused'
     returning id, name, standing, changed_by as "changedBy"`,
    [channel, from, to],
  );
  if (moved !== undefined) emitChanged(tx, channel, { ...moved, by: moved.changedBy ?? channel });
  await tx.query("update channels.turn set chat_id = $3 where channel = $1 and chat_id = $2 and done_at is null", [
    channel,
    from,
    to,
  ]);
}

function namesOf({ name, title }: Peer): [name: string | null, title: string | null] {
  const clip = (text: string | null) =>
    text === null ? null : clipText(text.toWellFormed().replaceAll("\0", ""), nameCharsMax);
  return [clip(name), clip(title)];
}

function emitChanged(
  tx: KernelTransaction,
  channel: string,
  { id, name, standing, by }: { id: string; name: string | null; standing: Standing; by: string },
): void {
  tx.emit({
    type: "peer.changed",
    subject: channel,
    labels: formatLabels(mainLabels),
    data: { channel, peerId: id, peerName: name === "" ? null : name, standing, by },
  });
}
