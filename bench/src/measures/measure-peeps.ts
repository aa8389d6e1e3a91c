/**
 * What peeps takes: a book of 50,000 cards, and 100,000 messages of 500 people, twice, with `kill -9` of the services process
 * in the middle. Counted in its tables afterwards: each message once.
 */
import { backoffMs, delay, RoostError } from "@roost/base";
import { createHttpClient, type ClientOf } from "@roost/contract/client";
import { peepsContract } from "@roost/peeps/contract";
import { startQuietHome, startServices } from "../living-home/start-home.ts";
import type { Measure } from "../measure.ts";
import { openDurableDatabase, type DurableDatabase } from "../open-durable-database.ts";

type Peeps = ClientOf<typeof peepsContract>;

const cardsAimSeconds = 60;
const peopleCount = 500;
const batchMax = 100;
const triesMax = 20;
/** Names of the cards repeat so often that many pairs may be one person. */
const namesCount = 9000;
const firmsCount = 500;

export const measurePeeps: Measure = async ({ isQuick, onProgress }) => {
  const [cards, messages] = isQuick ? [200, 1000] : [50_000, 100_000];
  await using opened = await openDurableDatabase();
  await using home = await startQuietHome(opened.url, { settings: "services: [peeps]\n" });
  let services = await startServices(home, opened.url);
  await using _services = { [Symbol.asyncDispose]: () => services.kill("SIGTERM") };
  const { url } = home.gateway.ready as { url: string };
  const client = createHttpClient(peepsContract, { baseUrl: `${url}/services/peeps`, token: home.token });

  onProgress(`a book of ${cards} cards`);
  await again(() => client.listPeople({ limit: 1 }));
  const bytes = new TextEncoder().encode(cardsOf(cards));
  const readBook = () => client.importContacts({ book: { mediaType: "text/vcard", bytes } });
  const book = await timed(readBook);
  const repeated = await timed(readBook);

  onProgress(`${messages} messages of ${peopleCount} people, with kill -9 of the services process in the middle`);
  const sent = await timed(async () => {
    await send(client, { from: 0, to: messages / 2 });
    const killed = services.kill("SIGKILL").then(() => startServices(home, opened.url));
    await send(client, { from: messages / 2, to: messages });
    services = await killed;
  });
  const filed = await timed(() => untilFiled(opened, messages));
  const twice = await timed(() => send(client, { from: 0, to: messages }));
  await untilFiled(opened, messages);
  const count = await countMessages(opened);
  return [
    {
      name: `a book of ${cards} cards`,
      value: `${book.seconds.toFixed(1)} s`,
      details: `${book.result.added} people added, ${book.result.suggestions} pairs that may be one; the same book again ${repeated.seconds.toFixed(1)} s, ${repeated.result.unchanged} unchanged`,
      aim: `≤ ${cardsAimSeconds} s, and nothing changes the second time`,
      isMet: book.seconds <= cardsAimSeconds && book.result.added === cards && repeated.result.unchanged === cards,
    },
    {
      name: `${messages} messages of ${peopleCount} people, kill -9 of the services process in the middle`,
      value: `${sent.seconds.toFixed(1)} s, ${Math.round(messages / sent.seconds)} a second`,
      details: `filed ${filed.seconds.toFixed(1)} s later: ${Math.round(messages / (sent.seconds + filed.seconds))} a second in all; handed over again ${twice.seconds.toFixed(1)} s`,
      aim: "each message once",
      isMet: count.messages === messages && count.people >= peopleCount && twice.result.added === 0,
    },
  ];
};

/** Mails of the same id are one, and so is what is handed over again. */
async function send(client: Peeps, { from, to }: { from: number; to: number }): Promise<{ added: number }> {
  let added = 0;
  for (let first = from; first < to; first += batchMax) {
    const messages = Array.from({ length: Math.min(batchMax, to - first) }, (_, index) => messageOf(first + index));
    added += (await again(() => client.receiveMessages({ messages }))).added;
  }
  return { added };
}

function messageOf(number: number) {
  const person = number % peopleCount;
  const friend = { kind: "username", value: `friend${person}`, name: `Friend ${person}` } as const;
  const isFromOwner = Math.floor(number / peopleCount) % 2 === 1;
  return {
    source: "telegram" as const,
    externalId: `${person}/${number}`,
    conversation: { id: `chat-${person}`, isGroup: false },
    isFromOwner,
    sender: isFromOwner ? undefined : friend,
    participants: [friend],
    sentAt: new Date(1_700_000_000_000 + number * 60_000).toISOString(),
    text: `message ${number} of ${person}`,
    isDeleted: false,
    attachments: [],
  };
}

function cardsOf(count: number): string {
  return Array.from({ length: count }, (_, index) =>
    [
      "BEGIN:VCARD",
      "VERSION:3.0",
      `UID:u${index}`,
      `FN:Ida Name${index % namesCount}`,
      `TEL:+4670${1_000_000 + index}`,
      `EMAIL:p${index}@example.org`,
      `ORG:Firm ${index % firmsCount}`,
      `NOTE:note ${index}`,
      "END:VCARD\r\n",
    ].join("\r\n"),
  ).join("");
}

/** As the CLI does: a services process that is killed is waited for. */
async function again<Result>(call: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const mayPass = error instanceof RoostError && ["unavailable", "timeout", "not_found"].includes(error.code);
      if (!mayPass || tries >= triesMax) throw error;
      await delay(backoffMs(tries, { firstMs: 200, maxMs: 5000 }));
    }
  }
}

async function countMessages({ database }: DurableDatabase): Promise<{ messages: number; people: number }> {
  const [row] = await database.query<{ messages: number; people: number }>(
    "select count(*)::int as messages, count(distinct h.person_id)::int as people from svc_peeps.message m left join svc_peeps.handle h on h.id = m.handle_id",
  );
  return row!;
}

async function untilFiled(opened: DurableDatabase, count: number): Promise<void> {
  for (let seen = -1; ;) {
    const { messages } = await countMessages(opened);
    if (messages >= count) return;
    if (messages === seen) throw new Error(`${messages} of ${count} messages were filed within the last minute`);
    for (let waited = 0; waited < 60 && (await countMessages(opened)).messages < count; waited += 1) await delay(1000);
    seen = messages;
  }
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000 };
}
