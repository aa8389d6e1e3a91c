/** `roost peeps list|show|add|note|relate|who|search|merge|unmerge|suggestions|remind|reminders`. */
import { RoostError } from "@roost/base";
import type { ClientOf } from "@roost/contract";
import type { ServiceCli } from "@roost/service/cli";
import type { Command } from "commander";
import { peepsContract } from "../contract.ts";
import type { HitRecord, PersonRecord } from "../contract/records.ts";

export type PeepsClient = ClientOf<typeof peepsContract>;

const peopleMax = 500;

export function addPeopleCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("list")
    .summary("list people")
    .description("Lists people by name.")
    .argument("[name]", "part of a name")
    .option("--tag <tag>", "only those with this tag")
    .option("--overdue", "only those not spoken to for longer than wanted")
    .option("--unlisted", "those known from messages only")
    .action(async (name: string | undefined, options: { tag?: string; overdue?: true; unlisted?: true }) => {
      const client = await cli.connect(peepsContract);
      const { items, next } = await client.listPeople({
        name,
        tag: options.tag,
        isOverdue: options.overdue ?? false,
        isListed: options.unlisted !== true,
        limit: peopleMax,
      });
      if (terminal.isJson) return terminal.json({ people: items });
      terminal.table(items, personColumns, "No person matches. roost peeps import FILE imports contacts");
      if (next !== null) terminal.note(`These are the first ${peopleMax}; name a part of the name`);
    });
  peeps
    .command("show")
    .summary("what is known of a person")
    .description("Shows what is known of a person, and where it comes from.")
    .argument("<person>", "name or id")
    .action(async (word: string) => {
      const client = await cli.connect(peepsContract);
      const { person, details } = await client.getPerson({ personId: (await findPerson(client, word)).id });
      if (terminal.isJson) return terminal.json({ person, details });
      showPerson(cli, person, details);
    });
  addWritingCommands(peeps, cli);
}

function addWritingCommands(peeps: Command, cli: ServiceCli): void {
  const { terminal } = cli;
  peeps
    .command("add")
    .summary("add a person")
    .description("Adds a person.")
    .argument("<name>")
    .option("--phone <number...>", "phone numbers, with their country code")
    .option("--email <address...>", "e-mail addresses")
    .option("--tag <tag...>", "tags")
    .option("--note <text>", "a note")
    .action(
      async (
        name: string,
        options: { phone?: string[]; email?: string[]; tag?: string[]; note?: string | undefined },
      ) => {
        const client = await cli.connect(peepsContract);
        const handles = [
          ...(options.phone ?? []).map((value) => ({ kind: "phone" as const, value })),
          ...(options.email ?? []).map((value) => ({ kind: "email" as const, value })),
        ];
        const done = await client.addPerson({ name, handles, tags: options.tag ?? [], note: options.note });
        if (terminal.isJson) return terminal.json(done);
        terminal.line(`${done.isNew ? "Added" : "Known already:"} ${done.person.name} ${done.person.id}`);
      },
    );
  peeps
    .command("note")
    .summary("write a note on a person")
    .description("Writes a note on a person.")
    .argument("<person>", "name or id")
    .argument("<text>")
    .action(async (word: string, text: string) => {
      const client = await cli.connect(peepsContract);
      const person = await findPerson(client, word);
      const { note } = await client.addNote({ personId: person.id, text });
      if (terminal.isJson) return terminal.json({ note });
      terminal.line(`Noted on ${person.name}`);
    });
  peeps
    .command("relate")
    .summary("say what another is to a person")
    .description("Says what another person is to this one: roost peeps relate Ida partner Mats")
    .argument("<person>", "name or id")
    .argument("<type>", "partner, mother, colleague, or a word of your own")
    .argument("<other>", "name or id; who has no entry is added as known through the first")
    .action(async (word: string, type: string, other: string) => {
      const client = await cli.connect(peepsContract);
      const person = await findPerson(client, word);
      const known = await findPeople(client, other);
      const [one] = known;
      if (known.length > 1) throw severalOf(other, known);
      const named = one === undefined ? { otherName: other } : { otherId: one.id };
      const { relation } = await client.relatePeople({ personId: person.id, type, ...named });
      if (terminal.isJson) return terminal.json({ relation });
      terminal.line(`${relation.name} is ${person.name}'s ${relation.type}`);
    });
}

/** The words of a person as a page. */
function showPerson(
  { terminal }: ServiceCli,
  person: PersonRecord,
  details: Awaited<ReturnType<PeepsClient["getPerson"]>>["details"],
): void {
  terminal.line(`${person.name}  ${person.id}`);
  const rows: [string, string][] = [
    ["works", [person.title, person.organization].filter((part) => part !== null).join(", ")],
    ["tags", person.tags.join(", ")],
    ["last contact", person.lastContactAt?.slice(0, 10) ?? ""],
    ["wanted every", person.keepInTouchDays === null ? "" : `${person.keepInTouchDays} days`],
    ...person.handles.map((handle): [string, string] => [
      handle.label ?? handle.kind,
      [handle.value, handle.isShared ? "(shared)" : "", handle.isBusiness ? "(business)" : ""].join(" ").trim(),
    ]),
    ...details.relations.map((one): [string, string] => [
      one.type,
      `${one.name}${one.until === null ? "" : ` until ${one.until}`} (${one.source})`,
    ]),
    ...details.dates.map((one): [string, string] => [one.label, `${one.date} (${one.source})`]),
    ...details.addresses.map((one): [string, string] => [
      one.label ?? "address",
      [one.street, one.postcode, one.city, one.country].filter((part) => part != null).join(", "),
    ]),
    ...details.links.map((one): [string, string] => [one.label ?? "link", one.url]),
    ...details.merged.map((one): [string, string] => ["merged", `${one.name} ${one.id}`]),
  ];
  const shown = rows.filter(([, value]) => value !== "");
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  for (const [label, value] of shown) terminal.line(`  ${label.padEnd(width)}  ${value.replaceAll("\n", ", ")}`);
  for (const note of details.notes)
    terminal.line(`  ${note.at.slice(0, 10)}  ${note.text.split("\n").join("\n              ")}`);
}

const personColumns = [
  { title: "ID", value: ({ id }: PersonRecord) => id },
  { title: "NAME", value: ({ name }: PersonRecord) => name, widthMin: 12 },
  {
    title: "LAST CONTACT",
    value: ({ lastContactAt }: PersonRecord) => lastContactAt?.slice(0, 10) ?? "",
    importance: 2,
  },
  { title: "REACH", value: ({ handles }: PersonRecord) => handles[0]?.value ?? "", widthMin: 10, importance: 3 },
  { title: "TAGS", value: ({ tags }: PersonRecord) => tags.join(", "), widthMin: 6, importance: 4 },
];

export function printHits({ terminal }: ServiceCli, hits: readonly HitRecord[], whenEmpty: string): void {
  if (hits.length === 0) terminal.line(whenEmpty);
  for (const { kind, name, at, text } of hits)
    terminal.line(
      `${[kind, name, at?.slice(0, 10)].filter((part) => part != null).join(" · ")}\n  ${text.replaceAll("\n", "\n  ")}`,
    );
}

/** One person by id or by a name that is theirs alone. @throws RoostError `not_found`, or `invalid_input` with the several */
export async function findPerson(client: PeepsClient, word: string): Promise<PersonRecord> {
  const found = await findPeople(client, word);
  const [one] = found;
  if (one === undefined)
    throw new RoostError("not_found", `there is no "${word}" in peeps: roost peeps list shows all people`);
  if (found.length > 1) throw severalOf(word, found);
  return one;
}

async function findPeople(client: PeepsClient, word: string): Promise<PersonRecord[]> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(word)) return [(await client.getPerson({ personId: word })).person];
  const { items } = await client.listPeople({ name: word, limit: 20 });
  const exact = items.filter(({ name }) => name.toLowerCase() === word.toLowerCase());
  return exact.length > 0 ? exact : items;
}

function severalOf(word: string, people: readonly PersonRecord[]): RoostError {
  const names = people.map(({ name, id }) => `${name} ${id}`).join(", ");
  return new RoostError("invalid_input", `several people are called "${word}": name one by its id: ${names}`);
}
