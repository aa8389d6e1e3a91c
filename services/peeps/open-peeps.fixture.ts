/** peeps as it runs in a home, and its client as the gateway would call it. */
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
