/** What the pieces of a channel work with, and the row of the channel. */
import type { InboxEntryRecord } from "@roost/contract/operations";
import { applyMigrations, readSchema, type SchemaFiles } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import type { Account, Channel } from "./channel.ts";

export interface Inbox {
  items: readonly InboxEntryRecord[];
  isMore: boolean;
}

export interface Room {
  kernel: Kernel;
  memory: Memory;
  channel: Channel;
  /** What waits for the person, oldest first. */
  readInbox: (limit: number) => Promise<Inbox>;
}

export const channelsSchema: SchemaFiles = { schema: "channels", directory: new URL("./migrations/", import.meta.url) };
/** Woken when there is a new turn, or a question was answered. */
export const channelsWakeup = "channels";

export async function prepareChannels({ database }: Kernel): Promise<void> {
  await applyMigrations(database, await readSchema(channelsSchema));
}

export interface ChannelRow {
  name: string;
  accountName: string | null;
  place: string | null;
  seenAt: Date | null;
  problem: string | null;
}

const columns = `name, account_name as "accountName", place, seen_at as "seenAt", problem`;

/** Another account begins anew: places are those of one account. */
export async function openChannelRow({ kernel, channel }: Room, account: Account): Promise<ChannelRow> {
  const [row] = await kernel.database.query<ChannelRow>(
    `insert into channels.channel as c (name, account, account_name) values ($1, $2, $3)
     on conflict (name) do update set account = $2, account_name = $3, place = case when c.account = $2 then c.place end
     returning ${columns}`,
    [channel.name, account.id, account.name],
  );
  return row!;
}

export async function readChannelRow({ database }: Kernel, name: string): Promise<ChannelRow | undefined> {
  const [row] = await database.query<ChannelRow>(`select ${columns} from channels.channel where name = $1`, [name]);
  return row;
}

/** Null: it works. */
export async function noteProblem({ kernel, channel }: Room, problem: string | null): Promise<void> {
  await kernel.database.query(
    `insert into channels.channel as c (name, problem, problem_at) values ($1, $2, case when $2::text is not null then roost.now() end)
     on conflict (name) do update set problem = $2, problem_at = case when $2 is not null then coalesce(c.problem_at, roost.now()) end
     where c.problem is distinct from $2`,
    [channel.name, problem],
  );
}
