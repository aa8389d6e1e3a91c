/** peeps as it runs in a home, and its client as the gateway would call it. */
import { silentLogger } from "@roost/base";
import { createHttpClient, type ClientOf, type Principal } from "@roost/contract";
import { createForwardCall } from "@roost/service";
import { openTestService, type TestService } from "@roost/service/testing";
import { peepsContract } from "./contract.ts";
import type { ReceivedMessageRecord } from "./contract/records.ts";
import { service } from "./service.ts";

export interface TestPeeps extends AsyncDisposable {
  opened: TestService;
  client: ClientOf<typeof peepsContract>;
}

const owner: Principal = { id: "person:owner", kind: "owner", scopes: ["*"] };

export async function openPeeps(): Promise<TestPeeps> {
  const opened = await openTestService(service);
  const { directory, signer, kernel } = opened.services;
  const forward = createForwardCall({ directory, signer, clock: kernel.clock, logger: silentLogger });
  const client = createHttpClient(peepsContract, {
    baseUrl: "http://gateway",
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { pathname, search } = new URL(request.url);
      return await forward({ service: "peeps", path: pathname + search, principal: owner, request });
    },
  });
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
