/** peeps as it runs in a home, and its client as the gateway would call it. */
import assert from "node:assert/strict";
import { until } from "@roost/base/testing/until";
import type { ClientOf } from "@roost/contract";
import { openTestService, type TestService } from "@roost/service/testing";
import { peepsContract } from "./contract.ts";
import type { ReceivedMessageRecord } from "./contract/records.ts";
import { service } from "./service.ts";

export interface TestPeeps extends AsyncDisposable {
  opened: TestService;
  client: ClientOf<typeof peepsContract>;
}

export async function openPeeps(): Promise<TestPeeps> {
  const opened = await openTestService(service);
  const client = opened.clientFor(peepsContract);
  return { opened, client, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** A message of Ida's, changed as a test needs it. */
export function messageOf(change: Partial<ReceivedMessageRecord> = {}): ReceivedMessageRecord {
  const ida = { kind: "phone", value: "+46701234567" } as const;
  return {
    source: "imessage",
    externalId: "a",
    conversation: { id: "chat-1", isGroup: false },
    isFromOwner: false,
    sender: ida,
    participants: [ida],
    sentAt: "2026-01-02T10:00:00.000Z",
    text: "Hello",
    isDeleted: false,
    attachments: [],
    ...change,
  };
}

export function bookOf(...cards: string[][]): { mediaType: string; bytes: Uint8Array<ArrayBuffer> } {
  const text = cards.map((lines) => ["BEGIN:VCARD", "VERSION:3.0", ...lines, "END:VCARD", ""].join("\r\n")).join("");
  return { mediaType: "text/vcard", bytes: new Uint8Array(Buffer.from(text)) };
}

export const idaCard = [
  "UID:ida",
  "FN:Ida Berg",
  "ORG:Ferry Ltd",
  "TEL;TYPE=cell:+46 70 123 45 67",
  "EMAIL:ida@example.org",
  "BDAY:--02-29",
  "item1.X-ABRELATEDNAMES:Mats",
  "item1.X-ABLabel:_$!<Partner>!$_",
  "NOTE:Sails on Sundays",
  "CATEGORIES:crew",
];

/** The only person whose name has this in it. */
export async function find({ client }: TestPeeps, name: string, isListed = true) {
  const { items } = await client.listPeople({ name, isListed });
  assert.equal(items.length, 1, JSON.stringify(items));
  return items[0] ?? assert.fail();
}

/** Once its consumer has filed so many messages. */
export async function settle({ opened }: TestPeeps, count: number): Promise<void> {
  const sql = "select count(*)::int as count from svc_peeps.message";
  const filed = async () => (await opened.database.query<{ count: number }>(sql))[0]?.count ?? 0;
  await until(async () => (await filed()) >= count);
}
