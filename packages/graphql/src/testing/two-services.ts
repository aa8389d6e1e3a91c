/** Two small services whose records refer to each other, and how often each operation was called. */
import { RoostError } from "@roost/base";
import {
  content,
  defineOperation,
  defineService,
  ref,
  serve,
  serveContract,
  type ServedContract,
  type StreamItem,
} from "@roost/contract";
import { pageFields, pageOf } from "@roost/contract/operations";
import { z } from "zod";

const Person = z
  .object({
    id: ref("Person"),
    name: z.string(),
    birthday: z.iso.date().nullable(),
    stepsWalked: z.number().int(),
    friendIds: z.array(ref("Person")),
    mood: z.enum(["well", "not-well"]).optional(),
  })
  .meta({ id: "Person" });

const readonly = { method: "GET", effect: "readonly" } as const;

export const listPeople = defineOperation({
  ...readonly,
  id: "listPeople",
  path: "/people",
  summary: "People by id",
  input: z.object({ ...pageFields, ids: z.array(ref("Person")).max(500).optional() }),
  output: pageOf(Person),
});

export const renamePerson = defineOperation({
  id: "renamePerson",
  method: "POST",
  path: "/people/{personId}/rename",
  summary: "Renames a person",
  input: z.object({ personId: ref("Person"), name: z.string().max(100), note: z.string().nullable().optional() }),
  output: z.object({ person: Person, given: z.unknown() }),
  effect: "idempotent",
});

export const watchPeople = defineOperation({
  ...readonly,
  id: "watchPeople",
  path: "/people/watch",
  summary: "A person whose friend is renamed each time",
  input: z.object({ after: z.string().optional(), count: z.number().int().max(10).default(2) }),
  output: Person,
  stream: true,
});

/** As Roost's own API has it. */
const getPart = defineOperation({
  ...readonly,
  id: "getPart",
  path: "/parts/{sha256}",
  summary: "The bytes of a part",
  input: z.object({ sha256: z.string() }),
  output: content(["*/*"]),
  errors: ["not_found"],
});

export const crm = defineService({
  name: "crm",
  title: "CRM",
  operations: [listPeople, renamePerson, watchPeople, getPart],
  relations: [{ from: "Person", name: "friends", field: "friendIds", to: "Person", via: "listPeople" }],
});

const Found = z
  .discriminatedUnion("how", [
    z.object({ how: z.literal("told"), at: z.iso.datetime() }),
    z.object({ how: z.literal("read"), pages: z.number().int().min(0).max(1000).nullable() }),
  ])
  .meta({ id: "Found" });

const Recommendation = z
  .object({ id: z.string(), personId: ref("Person").nullable(), bookId: ref("Book"), found: Found })
  .meta({ id: "Recommendation" });

const Book = z.object({ id: ref("Book"), title: z.string() }).meta({ id: "Book" });

export const listRecommendations = defineOperation({
  ...readonly,
  id: "listRecommendations",
  path: "/recommendations",
  summary: "Recommendations",
  input: z.object({ ...pageFields, personIds: z.array(ref("Person")).max(500).optional() }),
  output: pageOf(Recommendation),
});

export const getBook = defineOperation({
  ...readonly,
  id: "getBook",
  path: "/books/{bookId}",
  summary: "A book",
  input: z.object({ bookId: ref("Book") }),
  output: z.object({ book: Book }),
  errors: ["not_found"],
});

export const findBooks = defineOperation({
  id: "findBooks",
  method: "POST",
  path: "/books/find",
  summary: "Echoes what is looked for",
  input: z.object({
    by: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("title"), title: z.string(), limit: z.number().int().max(10).default(3) }),
      z.object({ kind: z.literal("any") }),
    ]),
    moods: z.array(z.enum(["well", "not-well"])).optional(),
  }),
  output: z.object({ given: z.unknown() }),
  effect: "readonly",
});

export const watchBooks = defineOperation({
  ...readonly,
  id: "watchBooks",
  path: "/books/watch",
  summary: "Books as they come",
  input: z.object({ after: z.string().optional(), count: z.number().int().max(1000).default(2) }),
  output: Book,
  stream: true,
});

const getCover = defineOperation({
  ...readonly,
  id: "getCover",
  path: "/books/{bookId}/cover",
  summary: "The cover of a book",
  input: z.object({ bookId: ref("Book"), size: z.enum(["small", "large"]).default("small") }),
  output: content(["image/png", "image/jpeg"]),
});

const setCover = defineOperation({
  id: "setCover",
  method: "PUT",
  path: "/books/{bookId}/cover",
  summary: "Keeps a cover",
  input: z.object({ bookId: ref("Book"), picture: content(["image/png"]) }),
  output: z.object({ bytes: z.number().int(), mediaType: z.string() }),
  effect: "idempotent",
});

export const library = defineService({
  name: "my-library",
  title: "Library",
  operations: [listRecommendations, getBook, findBooks, watchBooks, getCover, setCover],
  relations: [
    {
      from: "Recommendation",
      name: "person",
      field: "personId",
      to: "Person",
      via: "listPeople",
      service: "crm",
      inverse: { name: "recommendations", via: "listRecommendations" },
    },
    { from: "Recommendation", name: "book", field: "bookId", to: "Book", via: "getBook" },
  ],
});

export interface TwoServices {
  served: readonly ServedContract[];
  /** Ids of the operations in the order of their calls. */
  calls: string[];
}

const recommendationCount = 25;
const pageMax = 11;

/** Recommendations by three people, of two books; the eleventh has neither any more. */
export function createTwoServices(): TwoServices {
  const calls: string[] = [];
  const names = new Map([
    ["p1", "Ada"],
    ["p2", "Ben"],
    ["p3", "Cleo"],
  ]);
  const personOf = (id: string) => ({
    id,
    name: names.get(id) ?? "",
    birthday: id === "p1" ? "1990-02-28" : null,
    stepsWalked: 9_000_000_000,
    friendIds: id === "p1" ? ["p2", "p3"] : [],
    mood: id === "p2" ? ("not-well" as const) : undefined,
  });
  const servedCrm = serveContract(crm, [
    serve(listPeople, ({ ids }) => {
      calls.push("listPeople");
      return { items: [...names.keys()].filter((id) => ids?.includes(id) ?? true).map(personOf), next: null };
    }),
    serve(getPart, ({ sha256 }) => {
      if (sha256 !== "known") throw new RoostError("not_found", `there is no part ${sha256}`);
      return { mediaType: "application/octet-stream", bytes: new Uint8Array(7) };
    }),
    serve(renamePerson, (given) => {
      calls.push("renamePerson");
      if (given.name === "") throw new RoostError("invalid_input", "a person has a name");
      names.set(given.personId, given.name);
      return { person: personOf(given.personId), given };
    }),
    serve(watchPeople, async function* ({ after, count }): AsyncGenerator<StreamItem<z.output<typeof Person>>> {
      for (let index = Number(after ?? 0); index < count; index += 1) {
        names.set("p2", `Ben ${index}`);
        yield { id: String(index + 1), data: personOf("p1") };
      }
    }),
  ]);
  const servedLibrary = serveContract(library, [
    serve(listRecommendations, ({ limit, after, personIds }) => {
      calls.push("listRecommendations");
      const from = Number(after ?? 0);
      const all = Array.from({ length: recommendationCount }, (_, index) => recommendationOf(index));
      const asked = all.filter(({ personId }) => personIds?.includes(personId) ?? true);
      const to = from + Math.min(limit, pageMax);
      return { items: asked.slice(from, to), next: to < asked.length ? String(to) : null };
    }),
    serve(getBook, ({ bookId }) => {
      calls.push("getBook");
      if (bookId === "broken") throw new TypeError('relation "svc_library.book" does not exist');
      if (bookId === "gone") throw new RoostError("not_found", "there is no book gone");
      return { book: { id: bookId, title: `Book ${bookId}` } };
    }),
    serve(getCover, ({ size }) => ({ mediaType: "image/png", bytes: new TextEncoder().encode(size) })),
    serve(setCover, ({ picture: { mediaType, bytes } }) => {
      calls.push("setCover");
      return { mediaType, bytes: bytes.byteLength };
    }),
    serve(findBooks, (given) => ({ given })),
    serve(watchBooks, ({ after, count }) => watch(Number(after ?? 0), count)),
  ]);
  return { served: [servedCrm, servedLibrary], calls };
}

function recommendationOf(index: number) {
  const pages = index === 1 ? null : index;
  return {
    id: `r${index}`,
    personId: index === 10 ? "gone" : `p${(index % 3) + 1}`,
    bookId: index === 10 ? "gone" : `b${index % 2}`,
    found: index % 2 === 0 ? { how: "told" as const, at: "2026-05-01T07:00:00Z" } : { how: "read" as const, pages },
  };
}

async function* watch(from: number, count: number): AsyncGenerator<StreamItem<z.output<typeof Book>>> {
  for (let index = from; index < count; index += 1)
    yield { id: String(index + 1), data: { id: `b${index}`, title: `Book ${index}` } };
}
