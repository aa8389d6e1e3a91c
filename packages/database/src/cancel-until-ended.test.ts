import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openDatabase } from "./open-database.ts";
import { createTestDatabase } from "./testing/create-test-database.ts";

/** Between clients and PostgreSQL: hands on, or keeps, what each side says of a sleeping statement and of its cancellation. */
interface Gate extends AsyncDisposable {
  url: string;
  /** What was sent on the statement's connection since the statement was answered. */
  sentBehind: number;
  /** Cancellations that were asked for. */
  asked: number;
  /** Keeps the statement from the server until the first cancellation is answered. */
  holdsStatement: boolean;
  /** Keeps the answers to cancellations from their caller. */
  holdsAnswers: boolean;
  answered: Promise<void>;
  statementAnswered: Promise<void>;
  releaseAnswers(): void;
}

async function openGate(url: string): Promise<Gate> {
  const directory = await mkdtemp(join(tmpdir(), "roost-gate-"));
  const at = new URL(url.replace("@/", "@localhost/"));
  const socketDirectory = at.searchParams.get("host");
  const port = Number(at.port || "5432");
  at.searchParams.set("host", directory);
  const answered = Promise.withResolvers<void>();
  const statementAnswered = Promise.withResolvers<void>();
  const kept: (() => void)[] = [];
  const release: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const gate: Gate = {
    url: at.href.replace("@localhost", "@").replace(`@:${port}/`, "@/"),
    sentBehind: 0,
    asked: 0,
    holdsStatement: false,
    holdsAnswers: false,
    answered: answered.promise,
    statementAnswered: statementAnswered.promise,
    releaseAnswers: () => release.splice(0).forEach((each) => each()),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
  const proxy = createServer((client) => {
    const server =
      socketDirectory === null ? connect(port, at.hostname) : connect(join(socketDirectory, `.s.PGSQL.${port}`));
    let last: "statement" | "cancellation" | undefined;
    let isBehind = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => void (client.destroy(), server.destroy()));
    }
    client.on("data", (bytes) => {
      if (isBehind) gate.sentBehind += 1;
      last = bytes.includes("pg_cancel_backend")
        ? "cancellation"
        : bytes.includes("pg_sleep")
          ? "statement"
          : undefined;
      if (last === "cancellation") gate.asked += 1;
      if (last === "statement" && gate.holdsStatement) kept.push(() => server.write(bytes));
      else server.write(bytes);
    });
    server.on("data", (bytes) => {
      const said = last;
      last = undefined;
      if (said === "cancellation" && gate.holdsAnswers) release.push(() => client.write(bytes));
      else client.write(bytes);
      if (said === "statement") {
        isBehind = true;
        statementAnswered.resolve();
      }
      if (said !== "cancellation") return;
      for (const send of kept.splice(0)) send();
      answered.resolve();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(join(directory, `.s.PGSQL.${port}`), resolve));
  return gate;
}

const open = (url: string) => openDatabase({ url, applicationName: "gated", logger: silentLogger, poolMax: 1 });

/** Without a cancellation that hits, the statement ends after 30 s, by its limit. */
const limits = { timeout: 25_000 };

test("transact() ends a statement that its backend began after the first cancellation came", limits, async () => {
  await using place = await createTestDatabase({});
  await using gate = await openGate(place.url);
  await using database = await open(gate.url);
  await database.query("SELECT 1");
  gate.holdsStatement = true;
  const stop = new AbortController();
  const stopped = database.transact(
    async (tx) => {
      const sleeping = tx.query("SELECT pg_sleep($1)", [600]);
      setImmediate(() => stop.abort());
      await sleeping;
    },
    { signal: stop.signal },
  );
  await assert.rejects(stopped, { code: "timeout", message: /aborted by its signal/ });
  assert.ok(gate.asked >= 2, `${gate.asked} cancellations`);
});

test(
  "transact() keeps its connection until the last cancellation is answered, and asks for none after",
  limits,
  async () => {
    await using place = await createTestDatabase({});
    await using gate = await openGate(place.url);
    await using database = await open(gate.url);
    await database.query("SELECT 1");
    gate.holdsAnswers = true;
    const stop = new AbortController();
    const stopped = database.transact(
      async (tx) => {
        const sleeping = tx.query("SELECT pg_sleep($1)", [600]);
        // Sent and begun: one cancellation ends it.
        await until(async () => {
          const [row] = await place.database.query<{ count: number }>(
            "SELECT count(*)::int AS count FROM pg_stat_activity WHERE query LIKE '%pg_sleep($1)%' AND wait_event = 'PgSleep'",
          );
          return row?.count === 1;
        });
        stop.abort();
        await sleeping;
      },
      { signal: stop.signal },
    );
    const next = database.query<{ n: number }>("SELECT 1 AS n");
    stopped.catch(() => undefined);
    await gate.statementAnswered;
    await gate.answered;
    // The statement has ended; a round trip later its connection is still neither rolled back nor the next user's.
    await place.database.query("SELECT 1");
    assert.equal(gate.sentBehind, 0);
    gate.releaseAnswers();
    await assert.rejects(stopped, { code: "timeout" });
    assert.deepEqual(await next, [{ n: 1 }]);
    assert.equal(gate.asked, 1);
  },
);
