/**
 * An empty or migrated database per test, cloned from a template that is built once per server. The server is that of ROOST_TEST_DATABASE_URL, else
 * one started at the first call.
 */
import { createHash, randomUUID } from "node:crypto";
import { silentLogger } from "@roost/base";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { applyMigrations, type ApplyMigrationsOptions } from "../apply-migrations.ts";
import type { Database } from "../database.ts";
import { changeDatabaseUrl, parseDatabaseUrl } from "../database-url.ts";
import { clusterOwner } from "../embedded/initialize-cluster.ts";
import { openDatabase } from "../open-database.ts";
import { createServerHosts } from "../server-hosts.ts";
import { createAdministrator, type Administrator } from "./create-administrator.ts";
import { keepSessions, type KeptSessions } from "./keep-sessions.ts";
import { lendDatabase } from "./lend-database.ts";
import { openTestCluster } from "./open-test-cluster.ts";
import { keepPristine, restorePristine } from "./pristine.ts";

export { countStatements, type CountedDatabase } from "./count-statements.ts";
export { openTestCluster, type TestCluster } from "./open-test-cluster.ts";

export interface CreateTestDatabaseOptions {
  /** Applied in this order. */
  migrations?: ApplyMigrationsOptions | ApplyMigrationsOptions[];
  /** Further content of the template; a `key` always stands for the same content. */
  template?: { key: string; prepare: (database: Database) => Promise<void> };
  poolMax?: number;
  /**
   * One that an earlier test of this process is done with, with its connections and their plans: the same rows and sequences, and nothing else that
   * is new. Not for tests that count connections or look at statistics. Default false.
   */
  isReused?: boolean;
}

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  /** For further connections and for processes under test. */
  readonly url: string;
}

interface FreeDatabase extends TestDatabase {
  template: string;
  sessions: KeptSessions;
}

const applicationName = "roost test";
/** Each keeps its connections. */
const freeMax = 4;

interface TestServer {
  url: string;
  administrator: Administrator;
  /** Templates this process has built or seen complete. */
  templates: Map<string, Promise<void>>;
  /** Databases whose tests have ended, the last one last. */
  free: FreeDatabase[];
  /** Of migrations, which a process reads once and whose text is long. */
  hashOf(migrations: ApplyMigrationsOptions): string;
}

// The only process state: node:test runs each file in its own process, and its tests share the server. The cluster's guard removes it when the
// process ends.
let serverPromise: Promise<TestServer> | undefined;

export async function createTestDatabase(options: CreateTestDatabaseOptions = {}): Promise<TestDatabase> {
  serverPromise ??= findServer();
  const server = await serverPromise;
  const template = await prepareTemplate(server, options);
  if (options.isReused !== true) return openClone(server, template, options);
  const free = (await takeFree(server, template)) ?? (await openClone(server, template, { exitsWhenIdle: true }));
  const database = lendDatabase(free.database, free.sessions);
  return {
    database,
    url: free.url,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      server.free.push(free);
      while (server.free.length > freeMax) await server.free.shift()![Symbol.asyncDispose]();
    },
  };
}

async function openClone(
  { administrator, url: serverUrl }: TestServer,
  template: string,
  { poolMax, exitsWhenIdle }: { poolMax?: number | undefined; exitsWhenIdle?: boolean },
): Promise<FreeDatabase> {
  const name = `roost_test_${process.pid}_${randomUUID().slice(0, 8)}`;
  await administrator.query(
    `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(template)} STRATEGY file_copy`,
  );
  const url = changeDatabaseUrl(serverUrl, { database: name });
  const database = await openDatabase({ url, applicationName, logger: silentLogger, poolMax, exitsWhenIdle });
  const hosts = createServerHosts(parseDatabaseUrl(url));
  const sessions = keepSessions({ hosts, applicationName, statementTimeoutMsMax: 30_000 });
  return {
    template,
    database,
    sessions,
    url,
    async [Symbol.asyncDispose]() {
      await sessions[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await administrator.query(whenNoneIsLeftOver(name));
      await administrator.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
    },
  };
}

/** Sessions whose role a test has dropped are about to end, and only a superuser may end them. Waits for five seconds at most. */
function whenNoneIsLeftOver(name: string): string {
  return `DO $$ BEGIN FOR turn IN 1..250 LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = ${escapeLiteral(name)} AND a.usesysid IS NOT NULL
      AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.usesysid));
    PERFORM pg_sleep(0.02);
  END LOOP; END $$`;
}

/** Undefined when there is none of this template that is as new. */
async function takeFree({ free }: TestServer, template: string): Promise<FreeDatabase | undefined> {
  const index = free.findLastIndex((each) => each.template === template);
  if (index < 0) return undefined;
  const [found] = free.splice(index, 1);
  const isPristine = await restorePristine(found!.database, applicationName).catch(() => false);
  if (isPristine) return found;
  await found![Symbol.asyncDispose]();
  return undefined;
}

async function findServer(): Promise<TestServer> {
  const url = process.env["ROOST_TEST_DATABASE_URL"] || (await openTestCluster()).url;
  const hashes = new WeakMap<ApplyMigrationsOptions, string>();
  const free: FreeDatabase[] = [];
  // Their connections do not keep it from ending.
  process.once("beforeExit", () => void Promise.all(free.splice(0).map((each) => each[Symbol.asyncDispose]())));
  return {
    url,
    administrator: createAdministrator(url),
    templates: new Map(),
    free,
    hashOf(migrations) {
      const hash = hashes.get(migrations) ?? sha256(migrations);
      hashes.set(migrations, hash);
      return hash;
    },
  };
}

function sha256(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 24);
}

/** The name of a template with the wanted content, built by the first process that needs it. */
async function prepareTemplate(server: TestServer, options: CreateTestDatabaseOptions): Promise<string> {
  const { template } = options;
  const migrations = [options.migrations ?? []].flat();
  const hashes = migrations.map((one) => server.hashOf(one));
  const applyAll = async (database: Database) => {
    for (const one of migrations) await applyMigrations(database, one);
  };
  const migrated = migrations.length === 0 ? "template1" : await prepareOne(server, "template1", hashes, applyAll);
  const prepared =
    template === undefined ? migrated : await prepareOne(server, migrated, [...hashes, template.key], template.prepare);
  if (options.isReused !== true) return prepared;
  // A server that was given may not let its owner in: then each test has a new database.
  return prepareOne(server, prepared, [prepared, "pristine"], keepPristine, clusterOwner).catch(() => prepared);
}

async function prepareOne(
  server: TestServer,
  base: string,
  content: string[],
  prepare: (database: Database) => Promise<void>,
  user?: string,
): Promise<string> {
  const name = `roost_template_${sha256(content)}`;
  let built = server.templates.get(name);
  if (built === undefined) {
    built = buildTemplate(server.url, { name, base, prepare, user });
    server.templates.set(name, built);
  }
  await built;
  return name;
}

interface Template {
  name: string;
  /** What it is cloned from. */
  base: string;
  prepare: (database: Database) => Promise<void>;
  /** Who prepares it. Default: who uses it. */
  user: string | undefined;
}

async function buildTemplate(url: string, { name, base, prepare, user }: Template): Promise<void> {
  await onServer(url, async (client) => {
    // Held until the connection ends.
    await client.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [name]);
    const { rows } = await client.query<{ complete: boolean }>(
      "SELECT datistemplate AS complete FROM pg_database WHERE datname = $1",
      [name],
    );
    if (rows[0]?.complete) return;
    // Its builder was killed.
    if (rows.length > 0) await client.query(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`);
    await client.query(
      `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(base)} STRATEGY file_copy`,
    );
    await using database = await openDatabase({
      url: changeDatabaseUrl(url, { database: name, ...(user && { user: { name: user, password: "" } }) }),
      applicationName: "roost test template",
      logger: silentLogger,
      poolMax: 2,
    });
    await prepare(database);
    await database[Symbol.asyncDispose]();
    await client.query(`ALTER DATABASE ${escapeIdentifier(name)} IS_TEMPLATE true`);
  });
}

async function onServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
