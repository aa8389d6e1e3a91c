/** One contract suite for the two clients: the same operations, in the process and over real HTTP. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLogger, type RoostError } from "@roost/base";
import { createHttpClient } from "./create-http-client.ts";
import { createLocalClient } from "./create-local-client.ts";
import type { ClientOf } from "./client.ts";
import { createPeople, owner, people, type People } from "./testing/people.ts";
import { serveRoutes } from "./testing/serve-routes.ts";

type Opened = { client: ClientOf<typeof people>; world: People } & AsyncDisposable;

const transports: Record<string, () => Promise<Opened>> = {
  "createLocalClient()": async () => {
    const world = createPeople();
    const client = createLocalClient(people, world.handlers, { principal: owner });
    return { client, world, [Symbol.asyncDispose]: async () => {} };
  },
  "createHttpClient()": async () => {
    const world = createPeople();
    const server = await serveRoutes(people, world.handlers, {
      logger: silentLogger,
    });
    const client = createHttpClient(people, { baseUrl: server.url });
    return { client, world, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
};

for (const [name, open] of Object.entries(transports)) {
  describe(name, () => {
    test("answers, fills in defaults and passes path, query and body", async () => {
      await using opened = await open();
      const { client } = opened;
      const ada = await client.addPerson({ name: "Ada", tags: ["a", "b"] });
      assert.deepEqual(ada, { id: "p1", name: "Ada", tags: ["a", "b"], note: null });
      assert.deepEqual(await client.getPerson({ personId: "p1" }), ada);
      await client.addPerson({ name: "Grace" });
      assert.deepEqual(
        (await client.listPeople()).people.map((person) => person.name),
        ["Ada", "Grace"],
      );
      const page = await client.listPeople({ limit: 1, tags: ["a", "b"], active: true });
      assert.deepEqual(page.asked, { limit: 1, tags: ["a", "b"], active: true });
    });

    test("tells the handler who calls, with which key and trace", async () => {
      await using opened = await open();
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      await opened.client.addPerson({ name: "Ada" }, { idempotencyKey: "k1", traceparent });
      const { principal, idempotencyKey, traceparent: seen } = opened.world.calls.at(-1) ?? {};
      assert.deepEqual([principal?.id, idempotencyKey, seen], ["person:test", "k1", traceparent]);
    });

    test("keeps odd characters of paths and queries", async () => {
      await using opened = await open();
      const personId = "a/b?c#d%2F é ☃";
      await assert.rejects(opened.client.getPerson({ personId }), {
        code: "not_found",
        message: `there is no person ${personId}`,
      });
      assert.equal((await opened.client.listPeople({ after: "x&y=z+ %" })).asked.after, "x&y=z+ %");
    });

    test("throws the handler's error with code, message and details", async () => {
      await using opened = await open();
      await assert.rejects(opened.client.getPerson({ personId: "p9" }), (error: RoostError) => {
        assert.equal(error.code, "not_found");
        assert.equal(error.message, "there is no person p9");
        assert.equal(error.details?.["personId"], "p9");
        return true;
      });
    });

    test("refuses wrong, missing and unknown fields by their path", async () => {
      await using opened = await open();
      const { client } = opened;
      const wrong: [unknown, RegExp][] = [
        [{ name: 5 }, /name: must be a text, not a number/],
        [{}, /name: /],
        [{ name: "Ada", nme: "x" }, /nme: unknown field/],
        [{ name: "Ada", home: { city: "Bern", zip: 3000 } }, /home\.zip: unknown field/],
        [{ name: "Ada", tags: ["x", 1] }, /tags\[1\]: /],
      ];
      for (const [given, message] of wrong) {
        await assert.rejects(client.addPerson(given as { name: string }), { code: "invalid_input", message });
      }
      await assert.rejects(client.listPeople({ limit: 501 }), { code: "invalid_input", message: /limit: .*500/ });
      await assert.rejects(client.listPeople({ nope: 1 } as object), {
        code: "invalid_input",
        message: /nope: unknown field/,
      });
      await assert.rejects(client.getPerson({ personId: "p\ud800" }), {
        code: "invalid_input",
        message: /personId: .*half of a surrogate pair/,
      });
      assert.equal(opened.world.calls.length, 0);
    });

    test("never passes on an answer that is against the contract", async () => {
      await using opened = await open();
      opened.world.breakAnswers();
      await assert.rejects(opened.client.getPerson({ personId: "p1" }), { code: "internal" });
      opened.world.say("one");
      await assert.rejects(Array.fromAsync(opened.client.watchPeople()), { code: "internal" });
    });

    test("drops fields of an answer that the contract does not name", async () => {
      await using opened = await open();
      const person = await opened.client.addPerson({ name: "Ada" });
      assert.equal("secret" in person, false);
    });

    test("streams items until the end, and from `after`", async () => {
      await using opened = await open();
      const { client, world } = opened;
      world.say("one");
      world.say("two");
      world.hangUp();
      const items = await Array.fromAsync(client.watchPeople());
      assert.deepEqual(items, [
        { id: "1", event: "said", data: { text: "one" } },
        { id: "2", event: "said", data: { text: "two" } },
      ]);
      const rest = await Array.fromAsync(client.watchPeople({ after: "1" }));
      assert.deepEqual(
        rest.map((item) => item.data.text),
        ["two"],
      );
    });

    test("refuses a stream before it begins", async () => {
      await using opened = await open();
      await assert.rejects(Array.fromAsync(opened.client.watchPeople({ room: "none" })), { code: "not_found" });
      await assert.rejects(Array.fromAsync(opened.client.watchPeople({ rom: "x" } as object)), {
        code: "invalid_input",
      });
    });

    test("throws an error in the middle of a stream after the items before it", async () => {
      await using opened = await open();
      opened.world.say("one");
      opened.world.fail();
      const texts: string[] = [];
      await assert.rejects(
        async () => {
          for await (const item of opened.client.watchPeople()) texts.push(item.data.text);
        },
        { code: "conflict", message: "it broke" },
      );
      assert.deepEqual(texts, ["one"]);
    });

    test("ends the handler's stream when its reader leaves the loop", async () => {
      await using opened = await open();
      opened.world.say("one");
      for await (const item of opened.client.watchPeople()) {
        assert.equal(item.data.text, "one");
        break;
      }
      await opened.world.closed(1);
      assert.equal(opened.world.calls.at(-1)?.signal.aborted, true);
    });

    test("ends the handler's stream when its reader aborts, with the reader's reason", async () => {
      await using opened = await open();
      opened.world.say("one");
      const controller = new AbortController();
      const reason = new Error("enough");
      await assert.rejects(async () => {
        for await (const _ of opened.client.watchPeople({}, { signal: controller.signal })) controller.abort(reason);
      }, reason);
      await opened.world.closed(1);
    });

    test("lets go of a call that is given up and aborts its handler, which may not mind", async () => {
      await using opened = await open();
      const controller = new AbortController();
      const reason = new Error("enough");
      const asking = opened.client.waitForever({}, { signal: controller.signal });
      const call = await opened.world.waiting();
      controller.abort(reason);
      await assert.rejects(asking, reason);
      await opened.world.aborted(call);
    });

    test("lets go of a call that takes too long and aborts its handler", async () => {
      await using opened = await open();
      const asking = opened.client.waitForever({}, { timeoutMs: 50 });
      await assert.rejects(asking, { code: "timeout", message: /waitForever .* 50 ?ms/ });
      const call = opened.world.calls.at(-1);
      if (call !== undefined) await opened.world.aborted(call);
    });
  });
}
