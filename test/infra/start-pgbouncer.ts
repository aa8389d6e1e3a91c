/** PgBouncer in front of a PostgreSQL of a test, with the settings that docs/postgresql.md shows. */
import { silentLogger } from "@roost/base";
import { freePorts } from "@roost/base/testing";
import { changeDatabaseUrl, openDatabase } from "@roost/database";
import { chmod, chown, copyFile, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chooseServerUser } from "../../packages/database/src/embedded/server-user.ts";
import { requirePart } from "./parts.ts";
import { openServers } from "./servers.ts";
import type { RealPostgres } from "./start-postgres.ts";

export interface RealPgbouncer extends AsyncDisposable {
  /** Of the database `roost`, over verified TLS. */
  readonly url: string;
  /** At once, with every connection through it. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface StartPgbouncer {
  postgres: RealPostgres;
  /** Lines that follow those of the page, and win. */
  settings?: readonly string[];
}

const page = new URL("../../docs/postgresql.md", import.meta.url);
const password = "secret of a pooler";

/** @throws Error when it is not installed: ask requirePart first */
export async function startPgbouncer({ postgres, settings = [] }: StartPgbouncer): Promise<RealPgbouncer> {
  const part = await requirePart("pgbouncer");
  if (part.skip !== false) throw new Error(part.skip);
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers());
  const user = await chooseServerUser(servers.directory);
  const [port] = await freePorts(1);
  const { certificates } = postgres;
  const directory = join(servers.directory, "pgbouncer");
  await chmod(servers.directory, 0o755);
  await mkdir(directory);
  const at = (name: string) => join(directory, name);
  await copyFile(certificates.keyFile, at("server.key"));
  await copyFile(certificates.certificateFile, at("server.pem"));
  await copyFile(certificates.authorityFile, at("ca.pem"));
  const { ini, sql } = await readPage();
  const placed = ini
    .replaceAll("db1.example port=5432", `127.0.0.1 port=${postgres.primary.port}`)
    .replaceAll("/etc/pgbouncer/", `${directory}/`)
    .replace("listen_addr = *", "listen_addr = 127.0.0.1")
    .replace("listen_port = 6432", `listen_port = ${port}`);
  await writeFile(at("pgbouncer.ini"), [placed, "unix_socket_dir =", ...settings, ""].join("\n"));
  await writeFile(at("userlist.txt"), `"pgbouncer" "${password}"\n`);
  for (const path of [directory, ...(await readdir(directory)).map(at)])
    if (user !== undefined) await chown(path, user.uid, user.gid);
  for (const database of ["roost", "template1"]) {
    const url = changeDatabaseUrl(postgres.localUrl, { database });
    await using admin = await openDatabase({ url, applicationName: "infra", logger: silentLogger, poolMax: 1 });
    for (const statement of sql.replace("SECRET", password).split(/(?<=;)\n/))
      await admin.query(statement).catch((error: Error) => {
        // A role belongs to the whole server.
        if (!/already exists/.test(error.message)) throw error;
      });
  }
  // The server's user may not read where it is installed.
  const programs = join(servers.directory, "programs");
  await cp(part.directory, programs, { recursive: true, verbatimSymlinks: true });
  const libraries = (await readdir(join(programs, "usr/lib"))).map((name) => join(programs, "usr/lib", name));
  const command = {
    name: "pgbouncer",
    program: join(programs, "usr/sbin/pgbouncer"),
    args: [at("pgbouncer.ini")],
    env: { LD_LIBRARY_PATH: libraries.join(":") },
    user,
    ready: { port: port! },
  };
  let server = await servers.start(command);
  const owned = opened.move();
  const trust = new URLSearchParams({ sslmode: "verify-full", sslrootcert: certificates.authorityFile });
  const { username, password: own } = postgres.user;
  return {
    url: `postgresql://${username}:${encodeURIComponent(own)}@127.0.0.1:${port}/roost?${trust.toString()}`,
    kill: () => server.kill(),
    async start() {
      server = await servers.start(command);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Its files, and what the administrator of the database runs, as people copy them. */
async function readPage(): Promise<{ ini: string; sql: string }> {
  const text = await readFile(page, "utf8");
  const blockOf = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(text)![1]!;
  return { ini: blockOf("ini"), sql: blockOf("sql").trim() };
}
