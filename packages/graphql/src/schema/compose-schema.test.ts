import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenApi, type OpenApiDocument } from "@roost/contract";
import { roostContract } from "@roost/contract/roost";
import { execute, parse, printType, validateSchema, type GraphQLSchema } from "graphql";
import type { GraphqlContext } from "../graphql-context.ts";
import { createTestGraphql, sourceOf } from "../testing/create-test-graphql.ts";
import { createTwoServices } from "../testing/two-services.ts";
import { composeSchema } from "./compose-schema.ts";
import { typeNameOf } from "./names.ts";

const compose = (): { schema: GraphQLSchema; problems: readonly string[] } => {
  const [crm, library] = createTwoServices().served;
  return composeSchema([sourceOf(crm!, true), sourceOf(library!)]);
};

/** One type of the schema, without descriptions. */
function shown(schema: GraphQLSchema, name: string): string {
  const type = schema.getType(name);
  return type === undefined
    ? ""
    : printType(type)
        .replaceAll(/ *"""[\s\S]*?"""\n/g, "")
        .replaceAll(/\n{2,}/g, "\n");
}

test("composeSchema() says what may be null, and names enums, unions and pages by their owners", () => {
  const { schema, problems } = compose();
  assert.deepEqual(problems, []);
  assert.equal(
    shown(schema, "Person"),
    "type Person {\n  friends: [Person]\n  recommendations: [MyLibrary_Recommendation!]\n  id: ID!\n  name: String!\n  birthday: Date\n  stepsWalked: BigInt!\n  friendIds: [ID!]!\n  mood: PersonMood\n}",
  );
  assert.equal(shown(schema, "PersonMood"), "enum PersonMood {\n  well\n  notWell\n}");
  assert.equal(shown(schema, "MyLibrary_Found"), "union MyLibrary_Found = MyLibrary_FoundTold | MyLibrary_FoundRead");
  assert.equal(shown(schema, "MyLibrary_FoundRead"), "type MyLibrary_FoundRead {\n  how: String!\n  pages: Int\n}");
  assert.match(
    shown(schema, "PersonPage"),
    /^type PersonPage implements Page \{\n {2}items: \[Person!\]!\n {2}next: String\n/,
  );
  assert.match(
    shown(schema, "MyLibrary_Recommendation"),
    /person: Person\n {2}book: MyLibrary_Book\n {2}id: ID!\n {2}personId: ID\n {2}bookId: ID!\n {2}found: MyLibrary_Found!/,
  );
  assert.equal(
    shown(schema, "MyLibrary_FindBooksByInput"),
    "input MyLibrary_FindBooksByInput @oneOf {\n  title: MyLibrary_FindBooksByTitleInput\n  any: Boolean\n}",
  );
  const mutation = schema.getMutationType()!.getFields();
  assert.deepEqual(Object.keys(mutation), ["renamePerson", "myLibrary_setCover"]);
  assert.deepEqual(
    mutation["myLibrary_setCover"]!.args.map(({ name, type }) => `${name}: ${String(type)}`),
    ["bookId: ID!", "content: FileInput!", "idempotencyKey: String"],
  );
  assert.deepEqual(
    mutation["renamePerson"]!.args.map(({ name, type }) => `${name}: ${String(type)}`),
    ["personId: ID!", "name: String!", "note: String", "idempotencyKey: String"],
  );
  assert.deepEqual(Object.keys(schema.getSubscriptionType()!.getFields()), ["watchPeople", "myLibrary_watchBooks"]);
  assert.equal(
    shown(schema, "MyLibrary_WatchBooksItem"),
    "type MyLibrary_WatchBooksItem {\n  after: String\n  data: MyLibrary_Book!\n}",
  );
});

test("composeSchema() makes a valid schema of Roost's own API, with every relation and every operation but those that take a file", () => {
  const document = createOpenApi(roostContract, { version: "1" });
  const { schema, problems } = composeSchema([{ name: "roost", title: "Roost", document, isOwn: true }]);
  assert.deepEqual([problems, validateSchema(schema)], [[], []]);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((type) => Object.keys(type!.getFields()));
  const takesNone = roostContract.operations.filter(({ contentField }) => contentField === undefined);
  const operations = takesNone.map(({ id }) => id);
  const events = roostContract.events.map(({ type }) => `on${typeNameOf(type)}`);
  assert.deepEqual(fields.toSorted(), [...operations, ...events].toSorted());
  assert.match(shown(schema, "RunSummary"), /job: Job\n {2}parent: RunSummary\n {2}session: Session\n/);
});

test("composeSchema() gives what services take: constants of unions, names of enums, nulls only where they may be", async () => {
  const [crm, library] = createTwoServices().served;
  const graphql = createTestGraphql(crm!, [library!]);
  const { data } = await graphql.ask(
    `mutation ($by: String) { renamePerson(personId: "p1", name: "Eve", note: null) { given } }`,
  );
  assert.equal(data, undefined, "an unused variable is refused");
  const renamed = await graphql.ask(`mutation { renamePerson(personId: "p1", name: "Eve", note: null) { given } }`);
  assert.deepEqual(renamed.data.renamePerson.given, { personId: "p1", name: "Eve", note: null });
  const found = await graphql.ask(`{ one: myLibrary_findBooks(by: { title: { title: "x" } }, moods: [notWell]) { given }
    other: myLibrary_findBooks(by: { any: true }, moods: null) { given } }`);
  assert.deepEqual(found.data.one.given, { by: { kind: "title", title: "x", limit: 3 }, moods: ["not-well"] });
  assert.deepEqual(found.data.other.given, { by: { kind: "any" } });
  const both = await graphql.ask(`{ myLibrary_findBooks(by: { title: { title: "x" }, any: true }) { given } }`);
  assert.match(both.errors![0]!.message, /must specify exactly one key|OneOf/i);
});

const foreign: OpenApiDocument = {
  openapi: "3.0.3",
  info: { title: "Shop", version: "1" },
  paths: {
    "/pets/{pet-id}": {
      get: {
        operationId: "pets/get-by-id",
        "x-roost-effect": "readonly",
        parameters: [{ name: "pet-id", in: "path", required: true, schema: { type: "string" } }],
        responses: { "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } } } },
      },
    },
    "/loop": {
      post: {
        operationId: "2loop",
        requestBody: {
          content: {
            "application/json": {
              schema: { type: "object", properties: { tree: { $ref: "#/components/schemas/Tree" } } },
            },
          },
        },
        responses: { "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/Loop" } } } } },
      },
    },
  },
  components: {
    schemas: {
      Pet: {
        oneOf: [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }],
        discriminator: {
          propertyName: "petType",
          mapping: { cat: "#/components/schemas/Cat", dog: "#/components/schemas/Dog" },
        },
      },
      Base: {
        type: "object",
        required: ["petType"],
        properties: { petType: { type: "string" }, "nick name": { type: "string", nullable: true } },
      },
      Cat: {
        allOf: [
          { $ref: "#/components/schemas/Base" },
          { type: "object", properties: { lives: { type: "integer", format: "int64" } } },
        ],
      },
      Dog: {
        allOf: [
          { $ref: "#/components/schemas/Base" },
          { type: "object", required: ["__kind"], properties: { __kind: { enum: ["a b", "a-b", "true"] } } },
        ],
      },
      Tree: {
        type: "object",
        properties: { children: { type: "array", items: { $ref: "#/components/schemas/Tree" } } },
      },
      Loop: {
        allOf: [
          { $ref: "#/components/schemas/Loop" },
          { $ref: "#/components/schemas/Loop" },
          { $ref: "#/components/schemas/Missing" },
        ],
      },
    },
  },
};

test("composeSchema() takes documents of others: recursion, allOf, discriminators, names that GraphQL does not have", () => {
  const [crm] = createTwoServices().served;
  const { schema, problems } = composeSchema([
    sourceOf(crm!, true),
    { name: "shop", title: "Shop", document: foreign, isOwn: false },
  ]);
  assert.deepEqual([problems, validateSchema(schema)], [[], []]);
  assert.equal(shown(schema, "Shop_Pet"), "union Shop_Pet = Shop_Cat | Shop_Dog");
  assert.equal(
    shown(schema, "Shop_Cat"),
    "type Shop_Cat {\n  petType: String!\n  nickName: String\n  lives: BigInt\n}",
  );
  assert.match(shown(schema, "Shop_Dog"), /_kind: Shop_Dog_kind!/);
  assert.equal(shown(schema, "Shop_Dog_kind"), "enum Shop_Dog_kind {\n  aB\n  aB2\n  true2\n}");
  assert.match(shown(schema, "Query"), /shop_petsGetById\(petId: ID!|shop_petsGetById\(petId: String!/);
  assert.match(shown(schema, "Mutation"), /shop__2loop\(\s*tree: Shop_TreeInput\s+idempotencyKey: String\s*\): JSON/);
});

test("composeSchema() leaves out a relation that cannot be followed and a service that makes no schema, alone, and says so", () => {
  const [crm, library] = createTwoServices().served;
  const alone = composeSchema([sourceOf(library!, true)]);
  assert.deepEqual(alone.problems, [
    "my-library: the relation Recommendation.person is left out: crm has no operation listPeople",
  ]);
  const broken = { ...sourceOf(library!), name: "broken" };
  broken.document = {
    ...broken.document,
    paths: {
      "/x": {
        get: {
          operationId: "x",
          "x-roost-effect": "readonly",
          parameters: [
            {
              name: "x",
              in: "query",
              schema: {
                type: "object",
                properties: { inner: { enum: [] }, list: { $ref: "#/components/schemas/Bad" } },
              },
            },
          ],
          responses: { "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/Bad" } } } } },
        },
      },
    },
    components: {
      schemas: {
        Bad: {
          type: "object",
          properties: { value: { type: "string" } },
          get enum(): never {
            throw new Error("unreadable");
          },
        } as never,
      },
    },
  };
  const { schema, problems } = composeSchema([sourceOf(crm!, true), broken]);
  assert.deepEqual(problems, ["broken: unreadable"]);
  assert.deepEqual(Object.keys(schema.getQueryType()!.getFields()), ["listPeople", "getPart"]);
});

test("Roost's own relations are one call for all records, also where several lead to one kind", async () => {
  const document = createOpenApi(roostContract, { version: "1" });
  const { schema } = composeSchema([{ name: "roost", title: "Roost", document, isOwn: true }]);
  const calls: [string, unknown][] = [];
  const run = (index: number) => ({
    id: `r${index}`,
    title: `Run ${index}`,
    jobId: `j${index % 3}`,
    parentRunId: `r${index + 50}`,
    sessionKey: "main",
  });
  const answers: Record<string, (input: Record<string, unknown>) => unknown[]> = {
    listRuns: ({ ids }) =>
      ((ids ?? Array.from({ length: 50 }, (_, index) => `r${index}`)) as string[]).map((id) =>
        run(Number(id.slice(1))),
      ),
    listJobs: ({ ids }) => (ids as string[]).map((id) => ({ id, version: 1 })),
    listSessions: ({ keys }) => (keys as string[]).map((key) => ({ key, title: `Session ${key}` })),
    listTicks: () => [{ jobId: "j0", runId: "r1" }],
  };
  const contextValue: GraphqlContext = {
    loaders: new Map(),
    call: async ({ operation, input }) => {
      calls.push([operation.id, input["limit"]]);
      return { items: answers[operation.id]!(input), next: null };
    },
    open: () => assert.fail("nothing is a stream here"),
    addressOf: () => assert.fail("nothing is a file here"),
    readPart: () => assert.fail("nothing takes a file here"),
  };
  const { data, errors } = await execute({
    schema,
    document: parse(`{ listRuns(limit: 50) { items { id job { id } session { key } parent { id job { id } } } }
      listTicks(jobId: "j0") { items { run { title } } } }`),
    contextValue,
  });
  assert.equal(errors, undefined);
  const { items } = (data as { listRuns: { items: object[] } }).listRuns;
  assert.deepEqual(JSON.parse(JSON.stringify(items[1])), {
    id: "r1",
    job: { id: "j1" },
    session: { key: "main" },
    parent: { id: "r51", job: { id: "j0" } },
  });
  assert.deepEqual(calls, [
    ["listRuns", 50],
    ["listTicks", undefined],
    ["listJobs", 3],
    ["listSessions", 1],
    ["listRuns", 51],
  ]);
});
