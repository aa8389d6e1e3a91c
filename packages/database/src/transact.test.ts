import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import type { Database, Sql, Transaction } from "./database.ts";
import { openDatabase } from "./open-database.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

const template = {
  key: "transact",
  prepare: async (database: Database) => {
    await database.query("CREATE TABLE account (name text PRIMARY KEY, amount int NOT NULL)");
    await database.query("INSERT INTO account VALUES ('a', 0), ('b', 0)");
  },
};
const amountOf = async (database: Database, name = "a") =>
  (await database.query<{ amount: number }>("SELECT amount FROM account WHERE name = $1", [name]))[0]?.amount;

test("transact() commits what its work did and returns its result", async () => {
  await using place = await createTestDatabase({ template });
  const result = await place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = 1 WHERE name = 'a'");
    return "done";
  });
  assert.equal(result, "done");
  assert.equal(await amountOf(place.database), 1);
});

test("transact() rolls back and passes on what its work threw", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const own = new Error("of the work");
  const failing = place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = 1");
    throw own;
  });
  await assert.rejects(failing, (error) => error === own);
  assert.equal(await amountOf(place.database), 0);
});

test("transact() runs the work again when another transaction won", async () => {
  await using place = await createTestDatabase({ template });
  const { database } = place;
  let attempts = 0;
  await database.transact(
    async (tx) => {
      attempts += 1;
      await tx.query("SELECT * FROM account");
      if (attempts === 1) await database.query("UPDATE account SET amount = 10 WHERE name = 'a'");
      await tx.query("UPDATE account SET amount = amount + 1 WHERE name = 'a'");
    },
    { isolation: "repeatable read" },
  );
  assert.equal(attempts, 2);
  assert.equal(await amountOf(database), 11);
});

test("transact() runs the work again when the commit itself finds the conflict", async () => {
  await using place = await createTestDatabase({ template });
  const { database } = place;
  let attempts = 0;
  // Write skew: each reads what the other writes, so the second to commit must fail.
  const raise = (tx: Transaction, from: string, to: string) =>
    tx.query("UPDATE account SET amount = 1 + (SELECT amount FROM account WHERE name = $1) WHERE name = $2", [
      from,
      to,
    ]);
  await database.transact(
    async (tx) => {
      attempts += 1;
      await raise(tx, "a", "b");
      if (attempts === 1) await database.transact((other) => raise(other, "b", "a"), { isolation: "serializable" });
    },
    { isolation: "serializable" },
  );
  assert.equal(attempts, 2);
  assert.deepEqual([await amountOf(database, "a"), await amountOf(database, "b")], [1, 2]);
});

test("transact() runs the work again when a row's partition was attached only now", async () => {
  await using place = await createTestDatabase({ template });
  await place.database.query("CREATE TABLE month (n int NOT NULL) PARTITION BY RANGE (n)");
  let count = 0;
  await place.database.transact(async (tx) => {
    count += 1;
    if (count === 2) await place.database.query("CREATE TABLE month_1 PARTITION OF month FOR VALUES FROM (0) TO (9)");
    await tx.query("INSERT INTO month VALUES (1)");
  });
  assert.deepEqual(await place.database.query("SELECT n FROM month"), [{ n: 1 }]);
  assert.equal(count, 2);
});

test("transact() says that a partition is missing when it is not there after 8 attempts", async () => {
  await using place = await createTestDatabase({ template });
  await place.database.query("CREATE TABLE month (n int NOT NULL) PARTITION BY RANGE (n)");
  const failing = place.database.transact((tx) => tx.query("INSERT INTO month VALUES (1)"));
  await assert.rejects(failing, { code: "invalid_input", message: /no partition of relation "month"/ });
});

test("Transaction.commitWith() tells a statement that cannot be sent from a lost connection, and the connection goes on", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  await place.database.transact((tx) => tx.commitWith("SELECT $1::int", [1], { name: "known" }));
  const renamed = place.database.transact((tx) => tx.commitWith("SELECT $1::int + 1", [1], { name: "known" }));
  await assert.rejects(renamed, { code: "internal", message: /'p:known' was used for a different statement/ });
  const circle: Record<string, unknown> = {};
  circle["circle"] = circle;
  const unsendable = place.database.transact((tx) => tx.commitWith("SELECT $1::jsonb", [circle], { name: "circle" }));
  await assert.rejects(unsendable, { code: "internal", message: /circular/ });
  const sent = await place.database.transact((tx) =>
    tx.commitWith("SELECT $1::jsonb AS it", ["{}"], { name: "circle" }),
  );
  assert.deepEqual(sent, [{ it: {} }]);
});

test("transact() gives up after 8 attempts", async () => {
  await using place = await createTestDatabase({ template });
  const { database } = place;
  let attempts = 0;
  const losing = database.transact(
    async (tx) => {
      attempts += 1;
      await tx.query("SELECT * FROM account");
      await database.query("UPDATE account SET amount = amount + 1 WHERE name = 'a'");
      await tx.query("UPDATE account SET amount = amount + 1 WHERE name = 'a'");
    },
    { isolation: "serializable" },
  );
  await assert.rejects(losing, { code: "unavailable", message: /limit 8/ });
  assert.equal(attempts, 8);
});

test("transact() refuses to pretend when a statement failed and its error was swallowed", async () => {
  await using place = await createTestDatabase({ template });
  const swallowing = place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = 5");
    await tx.query("SELECT 1/0").catch(() => undefined);
  });
  await assert.rejects(swallowing, { code: "internal", message: /swallowed/ });
  assert.equal(await amountOf(place.database), 0);
});

test("transact() turns a lost connection into unavailable and the pool goes on", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  await using other = await openDatabase({ url: place.url, applicationName: "other", logger: silentLogger });
  const losing = place.database.transact(async (tx) => {
    const [row] = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await other.query("SELECT pg_terminate_backend($1, 5000)", [row?.pid]);
    await tx.query("UPDATE account SET amount = 1");
  });
  await assert.rejects(losing, { code: "unavailable" });
  assert.equal(await amountOf(place.database), 0);
});

test("transact() says that the outcome is unknown when the connection is lost during the commit", async () => {
  await using place = await createTestDatabase({ template });
  const { database } = place;
  await database.query(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(600); RETURN NULL; END $$`);
  await database.query(`CREATE CONSTRAINT TRIGGER die_at_commit AFTER UPDATE ON account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()`);
  const losing = database.transact((tx) => tx.query("UPDATE account SET amount = 1 WHERE name = 'a'"));
  await assert.rejects(losing, { code: "unavailable", details: { outcome: "unknown" } });
});

// Without the cancellation it would end after 30 s, by the limit of one statement.
test("transact() ends the running statement when its signal is aborted", { timeout: 25_000 }, async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const stop = new AbortController();
  const stopped = place.database.transact(
    async (tx) => {
      await tx.query("UPDATE account SET amount = 1");
      const sleeping = tx.query("SELECT pg_sleep(600)");
      setImmediate(() => stop.abort());
      await sleeping;
    },
    { signal: stop.signal },
  );
  await assert.rejects(stopped, { code: "timeout", message: /aborted by its signal/ });
  assert.equal(await amountOf(place.database), 0);
});

test("transact() does not commit when its signal is aborted between statements", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const stop = new AbortController();
  const stopped = place.database.transact(
    async (tx) => {
      await tx.query("UPDATE account SET amount = 1");
      stop.abort();
    },
    { signal: stop.signal },
  );
  await assert.rejects(stopped, { code: "timeout" });
  await assert.rejects(
    place.database.transact(async () => 1, { signal: stop.signal }),
    { code: "timeout" },
  );
  assert.equal(await amountOf(place.database), 0);
});

test("transact() refuses a statement after its end", async () => {
  await using place = await createTestDatabase({ template });
  let kept: Transaction | undefined;
  await place.database.transact(async (tx) => {
    kept = tx;
  });
  await assert.rejects(kept?.query("SELECT 1") ?? Promise.resolve(), { code: "internal", message: /has ended/ });
});

test("transact() runs statements that were made at once one after the other", async () => {
  await using place = await createTestDatabase({ template });
  const rows = await place.database.transact((tx) =>
    Promise.all([
      tx.query("UPDATE account SET amount = 2 WHERE name = 'a'"),
      tx.query("UPDATE account SET amount = amount * 3 WHERE name = 'a' RETURNING amount"),
    ]),
  );
  assert.deepEqual(rows[1], [{ amount: 6 }]);
});

test("transact() sends statements that were made at once together: behind a failed one none runs, and each is told why", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const settled = await place.database
    .transact(async (tx) => {
      const all = await Promise.allSettled([
        tx.query("UPDATE account SET amount = $1 RETURNING amount", [5]),
        tx.query("SELECT 1 / $1::int", [0]),
        tx.query("SELECT amount FROM account WHERE name = $1", ["a"], { name: "behind" }),
        tx.commitWith("SELECT $1::int", [1]),
      ]);
      throw Object.assign(new Error("as wanted"), { all });
    })
    .catch((error: { all: PromiseSettledResult<unknown>[] }) => error.all);
  assert.deepEqual(
    settled.map((each) => (each.status === "rejected" ? String(each.reason) : "fulfilled")),
    ["fulfilled", ...Array.from({ length: 3 }, () => "RoostError: PostgreSQL: division by zero")],
  );
  // The skipped statement was not prepared, and is now, on the same connection: in a transaction, and alone.
  const select = ["SELECT amount FROM account WHERE name = $1", ["a"], { name: "behind" }] as const;
  const ask = (sql: Sql) => sql.query(select[0], [...select[1]], select[2]);
  for (const rows of [
    await place.database.transact(ask),
    await place.database.transact(ask),
    await ask(place.database),
  ])
    assert.deepEqual(rows, [{ amount: 0 }]);
});

test("together() sends reads that were made at once together, on one connection, which holds nothing afterwards", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const { database } = place;
  const moment = (sql: Sql) =>
    sql
      .query<{ at: string; pid: number }>("SELECT now()::text AS at, pg_backend_pid() AS pid", [])
      .then(([row]) => row!);
  const { first, later } = await database.together(async (sql) => ({
    first: await Promise.all([moment(sql), moment(sql)]),
    later: await moment(sql),
  }));
  // What travels together begins at one moment, and what is asked for behind an answer at its own.
  assert.deepEqual(first[0], first[1]);
  assert.notEqual(later.at, first[0].at);
  assert.equal(later.pid, first[0].pid);
  const failing = database.together((sql) => Promise.all([moment(sql), sql.query("SELECT 1 / $1::int", [0])]));
  await assert.rejects(failing, /division by zero/);
  assert.equal((await moment(database)).pid, later.pid, "its connection is used again");
});

test("transact() uses a prepared statement again whose execution failed, on the same connection", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const divide = (by: number) =>
    place.database.transact((tx) => tx.query("SELECT 10 / $1::int AS n", [by], { name: "divide" }));
  await assert.rejects(divide(0), /division by zero/);
  assert.deepEqual(await divide(5), [{ n: 2 }]);
  await assert.rejects(divide(0), /division by zero/);
  assert.deepEqual(await divide(2), [{ n: 5 }]);
  const prepared = await place.database.transact((tx) =>
    tx.query("SELECT name FROM pg_prepared_statements WHERE name LIKE '%divide'"),
  );
  assert.deepEqual(prepared, [{ name: "p:divide" }]);
});

test("transact() says of everything that travelled with a lost COMMIT that the outcome is unknown", async () => {
  await using place = await createTestDatabase({ template });
  const losing = place.database.transact((tx) =>
    Promise.all([
      tx.query("SELECT pg_terminate_backend(pg_backend_pid(), $1)", [0]),
      tx.commitWith("UPDATE account SET amount = $1", [1]),
    ]),
  );
  await assert.rejects(losing, { code: "unavailable", details: { outcome: "unknown" } });
});

test("Transaction.commitWith() runs the last statement and commits, and what follows is refused", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const rows = await place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = $1 WHERE name = 'a'", [3]);
    const last = await tx.commitWith("UPDATE account SET amount = amount + $1 WHERE name = 'a' RETURNING amount", [4]);
    await assert.rejects(tx.query("SELECT 1"), { code: "internal", message: /is committed/ });
    return last;
  });
  assert.deepEqual(rows, [{ amount: 7 }]);
  assert.equal(await amountOf(place.database), 7);
});

test("Transaction.commitWith() begins and commits by itself when it is the first statement too", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  for (const isolation of ["read committed", "serializable"] as const) {
    await place.database.transact((tx) => tx.commitWith("UPDATE account SET amount = amount + 1"), { isolation });
    // On the same connection: no transaction is left open.
    const [row] = await place.database.query<{ isOpen: boolean }>('SELECT now() < statement_timestamp() AS "isOpen"');
    assert.equal(row?.isOpen, false);
  }
  assert.equal(await amountOf(place.database), 2);
});

test("Transaction.commitWith() commits nothing when its statement fails", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const failing = place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = $1", [1]);
    await tx.commitWith("SELECT 1 / $1::int", [0]);
  });
  await assert.rejects(failing, { message: /division by zero/ });
  const unsendable = place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = $1", [1]);
    const circle: Record<string, unknown> = {};
    await tx.commitWith("SELECT $1::jsonb", [Object.assign(circle, { circle })]);
  });
  await assert.rejects(unsendable, { message: /circular/ });
  const swallowing = place.database.transact(async (tx) => {
    await tx.query("UPDATE account SET amount = $1", [1]);
    await tx.query("SELECT 1 / $1::int", [0]).catch(() => undefined);
    await tx.commitWith("SELECT $1::int", [1]);
  });
  await assert.rejects(swallowing, { code: "internal" });
  assert.equal(await amountOf(place.database), 0);
});

test("Transaction.commitWith() says that the outcome is unknown when the connection is lost", async () => {
  await using place = await createTestDatabase({ template });
  const losing = place.database.transact((tx) =>
    tx.commitWith("SELECT pg_terminate_backend(pg_backend_pid(), $1)", [0]),
  );
  await assert.rejects(losing, { code: "unavailable", details: { outcome: "unknown" } });
});

test("transact() runs nothing outside a transaction when BEGIN itself fails", async () => {
  await using place = await createTestDatabase({ template, poolMax: 1 });
  const { database } = place;
  // In a transaction that has failed, BEGIN fails too: what travels with it must not run, whatever comes behind.
  await database.query("BEGIN");
  await assert.rejects(database.query("SELECT 1/0"));
  await assert.rejects(database.transact((tx) => tx.query("UPDATE account SET amount = $1", [9])));
  assert.equal(await amountOf(database), 0);
});
