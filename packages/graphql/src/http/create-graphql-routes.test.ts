import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { auditServer } from "graphql-http";
import { createClient } from "graphql-sse";
import { createTestGraphql } from "../testing/create-test-graphql.ts";
import { createTwoServices } from "../testing/two-services.ts";

function open() {
  const { served, calls } = createTwoServices();
  const graphql = createTestGraphql(served[0]!, [served[1]!]);
  return { graphql, calls, served };
}

test("createGraphqlRoutes() passes the whole audit of GraphQL over HTTP", async () => {
  const { graphql } = open();
  const results = await auditServer({
    url: "http://127.0.0.1/graphql",
    fetchFn: (url: string, init: RequestInit) => graphql.fetch(new Request(url, init)),
  });
  assert.ok(results.length > 50);
  const failed = results.filter(({ status }) => status !== "ok");
  assert.deepEqual(
    failed.map(({ name, ...result }) => [name, "reason" in result ? result.reason : ""]),
    [],
  );
});

test("createGraphqlRoutes() reads ten recommendations with their people in two calls, and a record that is gone is null", async () => {
  const { graphql, calls } = open();
  const { data, errors } = await graphql.ask(`{ myLibrary_listRecommendations(limit: 11) {
    next items { id person { name birthday stepsWalked mood friends { name } } found { ... on MyLibrary_FoundRead { pages } ... on MyLibrary_FoundTold { at } } }
  } }`);
  assert.equal(errors, undefined);
  const { items, next } = data.myLibrary_listRecommendations;
  assert.deepEqual(items[0], {
    id: "r0",
    person: {
      name: "Ada",
      birthday: "1990-02-28",
      stepsWalked: 9_000_000_000,
      mood: null,
      friends: [{ name: "Ben" }, { name: "Cleo" }],
    },
    found: { at: "2026-05-01T07:00:00Z" },
  });
  assert.deepEqual(
    [items[1].person.mood, items[1].found, items[10].person, next],
    ["notWell", { pages: null }, null, "11"],
  );
  assert.deepEqual(calls, ["listRecommendations", "listPeople"]);
});

test("createGraphqlRoutes() goes a relation's way back, for all records together and page after page", async () => {
  const { graphql, calls } = open();
  const { data, errors } = await graphql.ask(`{ listPeople { items { id recommendations { id book { id } } } } }`);
  assert.equal(errors, undefined);
  const [ada] = data.listPeople.items;
  const ids = ada.recommendations.map(({ id }: { id: string }) => id);
  assert.deepEqual(ids, ["r0", "r3", "r6", "r9", "r12", "r15", "r18", "r21", "r24"]);
  assert.deepEqual(ada.recommendations[1].book, { id: "b1" });
  assert.deepEqual(calls, ["listPeople", ...Array(3).fill("listRecommendations"), "getBook", "getBook"]);
});

test("createGraphqlRoutes() asks once for each record of a relation that takes one id, and again after a mutation", async () => {
  const { graphql, calls } = open();
  const { data } = await graphql.ask(`{ myLibrary_listRecommendations(limit: 11) { items { book { title } } } }`);
  assert.equal(data.myLibrary_listRecommendations.items[10].book, null);
  assert.deepEqual(calls, ["listRecommendations", "getBook", "getBook", "getBook"]);
  const renamed = await graphql.ask(`mutation {
    one: renamePerson(personId: "p2", name: "Zoe") { person { friends { name } } }
    two: renamePerson(personId: "p1", name: "Eve") { person { friends { name } } }
    three: renamePerson(personId: "p3", name: "Kai") { person { name } }
    four: renamePerson(personId: "p1", name: "Eva") { person { friends { name } } }
  }`);
  assert.deepEqual(renamed.data.two.person.friends, [{ name: "Zoe" }, { name: "Cleo" }]);
  assert.deepEqual(renamed.data.four.person.friends, [{ name: "Zoe" }, { name: "Kai" }]);
});

test("createGraphqlRoutes() answers a file by its address, and takes one as a part that was uploaded", async () => {
  const { graphql, calls } = open();
  const { data, errors } = await graphql.ask(`{ myLibrary_getCover(bookId: "b 1", size: large) { url mediaTypes } }`);
  assert.equal(errors, undefined);
  assert.deepEqual(data.myLibrary_getCover, {
    url: "/my-library/books/b%201/cover?size=large",
    mediaTypes: ["image/png", "image/jpeg"],
  });
  const set = (file: string) =>
    graphql.ask(`mutation { myLibrary_setCover(bookId: "b1", content: ${file}) { bytes mediaType } }`);
  assert.deepEqual((await set(`{ sha256: "known", mediaType: "image/png" }`)).data.myLibrary_setCover, {
    bytes: 7,
    mediaType: "image/png",
  });
  const missing = await set(`{ sha256: "gone" }`);
  assert.deepEqual(
    [missing.data, missing.errors?.[0]?.extensions["code"]],
    [{ myLibrary_setCover: null }, "not_found"],
  );
  const wrong = await set(`{ sha256: "known" }`);
  assert.equal(wrong.errors?.[0]?.extensions["code"], "invalid_input");
  assert.deepEqual(calls, ["setCover"]);
});

test("createGraphqlRoutes() tells problems as errors with codes, and nothing of what went wrong inside", async () => {
  const { graphql } = open();
  const { data, errors } = await graphql.ask(`{ gone: myLibrary_getBook(bookId: "gone") { book { id } }
    broken: myLibrary_getBook(bookId: "broken") { book { id } } }`);
  assert.deepEqual(data, { gone: null, broken: null });
  const byPath = Object.fromEntries(errors!.map((error) => [error.path?.[0], error]));
  const { instance, ...extensions } = byPath["gone"]!.extensions;
  assert.equal(byPath["gone"]!.message, "there is no book gone");
  assert.deepEqual(extensions, { code: "not_found", status: 404, service: "my-library", operation: "getBook" });
  assert.match(String(instance), /^urn:uuid:/);
  assert.deepEqual([byPath["broken"]!.extensions["code"], byPath["broken"]!.extensions["status"]], ["internal", 500]);
  assert.doesNotMatch(JSON.stringify(byPath["broken"]), /svc_library|relation/);
  const { errors: invalid } = await graphql.ask(
    `mutation { renamePerson(personId: "p1", name: "") { person { id } } }`,
  );
  assert.deepEqual(
    invalid?.map(({ message, extensions: { code } }) => [message, code]),
    [["a person has a name", "invalid_input"]],
  );
  graphql.failure = new TypeError('relation "svc_crm.person" does not exist');
  const [failed] = (await graphql.ask(`{ listPeople { next } }`)).errors!;
  assert.match(failed!.message, /^the server failed; its log has the reason under urn:uuid:/);
  assert.deepEqual([failed!.extensions["code"], failed!.extensions["operation"]], ["internal", "listPeople"]);
  const { errors: unknown } = await graphql.ask(`{ myLibrary_getBooks { id } }`);
  assert.equal(unknown![0]!.extensions["code"], "invalid_input");
});

test("createGraphqlRoutes() checks every operation as over HTTP: kind of caller, scope, input", async () => {
  const { graphql } = open();
  graphql.principal = { id: "device:phone", kind: "device", scopes: ["my-library.*:*", "crm.people:read"] };
  const query = `{ listPeople { items { name } } myLibrary_findBooks(by: { any: true }) { given } }`;
  assert.equal((await graphql.ask(query)).errors, undefined);
  const { errors } = await graphql.ask(`mutation { renamePerson(personId: "p1", name: "x") { given } }`);
  assert.match(errors![0]!.message, /device:phone may not call renamePerson: it lacks the scope crm\.people:write/);
  assert.equal(errors![0]!.extensions["code"], "forbidden");
  graphql.principal = { id: "channel:x", kind: "channel", scopes: ["*"] };
  assert.equal((await graphql.ask(query)).errors![0]!.extensions["code"], "forbidden");
});

test("createGraphqlRoutes() streams subscriptions as graphql-sse has it, and goes on behind an item", async () => {
  const { graphql } = open();
  const client = createClient({
    url: "http://127.0.0.1/graphql",
    retryAttempts: 0,
    fetchFn: (url: string, init: RequestInit) => graphql.fetch(new Request(url, init)),
  });
  const read = async (query: string) => await Array.fromAsync(client.iterate({ query }));
  const fields = "{ after data { title } }";
  assert.deepEqual(await read(`subscription { myLibrary_watchBooks(count: 2) ${fields} }`), [
    { data: { myLibrary_watchBooks: { after: "1", data: { title: "Book 0" } } } },
    { data: { myLibrary_watchBooks: { after: "2", data: { title: "Book 1" } } } },
  ]);
  const [last] = await read(`subscription { myLibrary_watchBooks(after: "1", count: 2) ${fields} }`);
  assert.deepEqual(last?.data, { myLibrary_watchBooks: { after: "2", data: { title: "Book 1" } } });
  const [plain] = await read(`{ listPeople { items { name } } }`);
  assert.match(JSON.stringify(plain?.data), /Ada.*Ben.*Cleo/);
  graphql.principal = { id: "device:phone", kind: "device", scopes: [] };
  const [refused] = await read(`subscription { myLibrary_watchBooks ${fields} }`);
  assert.equal(refused?.errors?.[0]?.extensions?.["code"], "forbidden");
  const [invalid] = await read(`subscription { nothing }`);
  assert.equal(invalid?.errors?.[0]?.extensions?.["code"], "invalid_input");
});

test("createGraphqlRoutes() reads what an item of a subscription refers to anew for each item", async () => {
  const { graphql, calls } = open();
  const client = createClient({
    url: "http://127.0.0.1/graphql",
    retryAttempts: 0,
    fetchFn: (url: string, init: RequestInit) => graphql.fetch(new Request(url, init)),
  });
  const query = "subscription { watchPeople(count: 3) { data { friends { name } } } }";
  const results = await Array.fromAsync(client.iterate({ query }));
  assert.equal(results.length, 3);
  assert.ok(results.every(({ errors }) => errors === undefined));
  assert.deepEqual(calls, ["listPeople", "listPeople", "listPeople"]);
});

test("createGraphqlRoutes() takes a document by its hash once it knows the text", async () => {
  const { graphql } = open();
  const query = `{ listPeople(limit: 1) { items { name } } }`;
  const sha256Hash = createHash("sha256").update(query).digest("hex");
  const send = async (body: object) => {
    const init = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return (await (await graphql.fetch(new Request("http://127.0.0.1/graphql", init))).json()) as {
      data?: object;
      errors?: { extensions: { code: string } }[];
    };
  };
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  assert.equal((await send({ extensions })).errors?.[0]?.extensions.code, "PERSISTED_QUERY_NOT_FOUND");
  assert.equal(
    (await send({ query: "{ listPeople { next } }", extensions })).errors?.[0]?.extensions.code,
    "PERSISTED_QUERY_HASH_MISMATCH",
  );
  assert.ok((await send({ query, extensions })).data);
  assert.ok((await send({ extensions })).data);
  const address = `http://127.0.0.1/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`;
  assert.ok(((await (await graphql.fetch(new Request(address))).json()) as { data?: object }).data);
});

test("createGraphqlRoutes() refuses what a page of another site could send, lists of requests and changes by GET", async () => {
  const { graphql } = open();
  const body = JSON.stringify({ query: `mutation { renamePerson(personId: "p1", name: "x") { given } }` });
  const statusOf = async (init: RequestInit, search = "") =>
    (await graphql.fetch(new Request(`http://127.0.0.1/graphql${search}`, init))).status;
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    for (const accept of ["application/json", "text/event-stream"])
      assert.equal(await statusOf({ method: "POST", body, headers: { "content-type": type, accept } }), 415);
  assert.equal(await statusOf({ method: "POST", body: new Blob([body]) }), 415);
  const json = { "content-type": "application/json" };
  assert.equal(await statusOf({ method: "POST", body: `[${body},${body}]`, headers: json }), 400);
  const search = `?query=${encodeURIComponent(JSON.parse(body).query as string)}`;
  assert.equal(await statusOf({}, search), 405);
  assert.equal(await statusOf({ headers: { accept: "text/event-stream" } }, search), 405);
  assert.equal(await statusOf({ method: "DELETE" }), 405);
});

test("createGraphqlRoutes() refuses documents over its limits before anything is called", async () => {
  const { graphql, calls } = open();
  const friends = (depth: number): string => (depth === 0 ? "name" : `friends { ${friends(depth - 1)} }`);
  const aliases = (count: number) => Array.from({ length: count }, (_, index) => `a${index}: __typename`).join(" ");
  const bomb = Array.from({ length: 40 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(" ");
  const documents: [RegExp, string][] = [
    [/nested 13 levels deep, the limit is 12/, `{ listPeople { items { ${friends(10)} } } }`],
    [/has 31 aliases, the limit is 30/, `{ ${aliases(31)} }`],
    [/calls 21 operations, the limit is 20/, `{ ${"listPeople { next } ".repeat(21)} }`],
    [/more that 2000 tokens/, `{ ${"__typename ".repeat(2_000)} }`],
    [/50020 characters, the limit is 50000/, `{ __typename } #${" ".repeat(50_004)}`],
    [/may cost \d+, the limit is 10000/, `{ listPeople(limit: 500) { items { friends { friends { name } } } } }`],
    [
      /may cost \d+, the limit is 10000/,
      `query ($n: Int = 500) { listPeople(limit: $n) { items { friends { friends { name } } } } }`,
    ],
    [/calls more than 1000000000 operations/, `{ ...F0 } ${bomb} fragment F40 on Query { listPeople { next } }`],
    [/Cannot spread fragment "F" within itself/, `{ ...F } fragment F on Query { ...F listPeople { next } }`],
  ];
  for (const [expected, document] of documents) {
    const { errors, data } = await graphql.ask(document);
    assert.match(errors?.[0]?.message ?? "answered", expected);
    assert.equal(data, undefined);
  }
  const variables = { n: 500 };
  const query = `query ($n: Int) { listPeople(limit: $n) { items { friends { friends { name } } } } }`;
  assert.equal((await graphql.ask(query, { variables })).errors?.[0]?.extensions["code"], "limit_exceeded");
  assert.deepEqual(calls, []);
  assert.equal((await graphql.ask(query, { variables: { n: 5 } })).errors, undefined);
});

test("createGraphqlRoutes() tells the schema on this machine only, and gives no hints of it elsewhere", async () => {
  const { graphql } = open();
  const query = `{ __schema { queryType { name } } __type(name: "Person") { name } }`;
  assert.equal((await graphql.ask(query)).data.__schema.queryType.name, "Query");
  assert.match((await graphql.ask("{ listPeopl { next } }")).errors![0]!.message, /Did you mean "listPeople"/);
  graphql.isLocal = false;
  assert.equal((await graphql.ask(query)).errors![0]!.extensions["code"], "forbidden");
  assert.equal((await graphql.ask(`{ ...F } fragment F on Query { __schema { queryType { name } } }`)).data, undefined);
  assert.match(
    (await graphql.ask("{ listPeopl { next } }")).errors![0]!.message,
    /^Cannot query field "listPeopl" on type "Query"\.$/,
  );
  assert.ok((await graphql.ask("{ listPeople { __typename } }")).data);
  const schemaOf = () => graphql.fetch(new Request("http://127.0.0.1/graphql/schema.graphql"));
  assert.equal((await schemaOf()).status, 403);
  graphql.isLocal = true;
  assert.match(await (await schemaOf()).text(), /^type Query \{/m);
});

test("createGraphqlRoutes() knows a service that is added, and forgets one that is taken away, without a restart", async () => {
  const { served } = open();
  const graphql = createTestGraphql(served[0]!, []);
  const query = `{ myLibrary_listRecommendations(limit: 1) { items { id } } }`;
  assert.match((await graphql.ask(query)).errors![0]!.message, /Cannot query field/);
  graphql.services.push(served[1]!);
  assert.deepEqual((await graphql.ask(query)).data.myLibrary_listRecommendations.items, [{ id: "r0" }]);
  graphql.services.pop();
  assert.match((await graphql.ask(query)).errors![0]!.message, /Cannot query field/);
});
