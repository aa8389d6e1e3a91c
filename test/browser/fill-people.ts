/** People of the console's tests and pictures: a book of contacts, messages, a pair who may be one, and a reminder. */
import type { Client } from "@roost/contract";
import { createHttpClient } from "@roost/contract/client";
import { peepsContract } from "@roost/peeps/contract";

export type PeepsApi = Client<typeof peepsContract.operations>;

export function connectPeeps({ url, token }: { url: string; token: string }): PeepsApi {
  return createHttpClient(peepsContract, { baseUrl: `${url}/services/peeps`, token });
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const people = [
  { name: "Ida Berg", email: "ida@berg.example", phone: "+46 70 174 06 01", org: "Harbour Museum", tags: ["friends"] },
  { name: "Jonas Weber", email: "jonas@weber.example", phone: "+49 30 5550 1234", org: "", tags: ["friends", "blog"] },
  { name: "Amara Osei", email: "amara@osei.example", phone: "+44 20 7946 0321", org: "Kettle & Rye", tags: ["blog"] },
  { name: "Lena Fischer", email: "lena@fischer.example", phone: "+49 89 5550 8891", org: "Solar am See", tags: [] },
  { name: "Ravi Menon", email: "ravi@menon.example", phone: "+91 22 5550 1212", org: "", tags: ["family"] },
  { name: "Nora Lind", email: "nora@lind.example", phone: "+46 8 5550 0191", org: "City Library", tags: ["friends"] },
] as const;

const talk = [
  { from: "Ida Berg", text: "The inverter post made me laugh. Can I show it at the museum?", daysAgo: 2 },
  { from: "owner", text: "Of course! Which evening?", daysAgo: 2 },
  { from: "Ida Berg", text: "Thursday. And we move to Malmö in May, it is settled now.", daysAgo: 1 },
  { from: "Jonas Weber", text: "Labels arrived. Blue for network, as agreed.", daysAgo: 9 },
  { from: "Amara Osei", text: "Could you look at my three mini PCs on Saturday?", daysAgo: 40 },
] as const;

export async function fillPeople(peeps: PeepsApi, nowMs: number): Promise<void> {
  for (const { name, email, phone, org, tags } of people) {
    const handles = [
      { kind: "email" as const, value: email },
      { kind: "phone" as const, value: phone },
    ];
    const { person } = await peeps.addPerson({ name, handles, tags: [...tags] });
    if (org !== "") await peeps.changePerson({ personId: person.id, organization: org, isListed: true });
  }
  await peeps.setCadence({ tag: "friends", days: 30 });
  await peeps.setCadence({ tag: "blog", days: 14 });
  await peeps.addPerson({ name: "Ida Bergh", handles: [{ kind: "username", value: "idab", service: "telegram" }] });
  const { items } = await peeps.listPeople({});
  const ida = items.find(({ name }) => name === "Ida Berg");
  await peeps.receiveMessages({ messages: talk.map((message, index) => toMessage(message, index, nowMs)) });
  if (ida === undefined) return;
  await peeps.setDate({ personId: ida.id, label: "birthday", date: "1988-05-14" });
  await peeps.relatePeople({ personId: ida.id, type: "partner", otherName: "Mats Holm", since: "2019-06-01" });
  await peeps.addNote({ personId: ida.id, text: "Likes rye bread and old maps. Allergic to walnuts." });
  const dueOn = new Date(nowMs).toISOString().slice(0, 10);
  await peeps.remind({ personId: ida.id, text: "Ask how the move goes", dueOn, every: "month" });
}

function toMessage({ from, text, daysAgo }: (typeof talk)[number], index: number, nowMs: number) {
  const other = people.find(({ name }) => name === from) ?? people[0];
  const handle = { kind: "email" as const, value: other.email, name: other.name };
  return {
    source: "mail" as const,
    externalId: `fill-${index}`,
    conversation: { id: other.email, isGroup: false },
    isFromOwner: from === "owner",
    sender: from === "owner" ? undefined : handle,
    participants: [handle],
    sentAt: new Date(nowMs - daysAgo * dayMs + index * hourMs).toISOString(),
    text,
    isDeleted: false,
    attachments: index === 3 ? [{ name: "labels.pdf", mediaType: "application/pdf", bytes: 48_200 }] : [],
  };
}
