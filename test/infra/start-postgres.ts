/** PostgreSQL of the system or of npm with TLS, and a replica that streams from it and can be promoted. */
import { silentLogger } from "@roost/base";
import { freePorts } from "@roost/base/testing";
import { until } from "@roost/base/testing/until";
import { openDatabase } from "@roost/database";
import { execFile } from "node:child_process";
import { appendFile, chmod, chown, copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCertificates, type Certificates } from "./create-certificates.ts";
import { findInstalledBinaries } from "../../packages/database/src/embedded/find-binaries.ts";
import { chooseServerUser, type ServerUser } from "../../packages/database/src/embedded/server-user.ts";
import { makeRunnable } from "../../packages/database/src/embedded/make-runnable.ts";
import { findFastDirectory } from "../../packages/database/src/testing/open-test-cluster.ts";
import { installNpmPostgres, requirePart, type NpmPostgresVersion } from "./parts.ts";
import { openServers, type Server, type Servers } from "./servers.ts";

const run = promisify(execFile);
const programMsMax = 120_000;
/** What Roost brings. */
const ownVersion = 18;

export interface RealPostgresNode {
  readonly port: number;
  /** At once, as a power cut. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface RealPostgres extends AsyncDisposable {
  readonly certificates: Certificates;
  readonly user: { username: string; password: string };
  readonly primary: RealPostgresNode;
  readonly replica: RealPostgresNode | undefined;
  /** Of the database `roost`, over TCP with a password, on every node there is; parameters are added. */
  url(parameters?: Record<string, string>): string;
  /** The same, of servers that prove who they are. */
  readonly verifiedUrl: string;
  /** Of the primary as its administrator, by its socket, for what makes databases of its own. */
  readonly localUrl: string;
  /** Makes the replica the primary. */
  promote(): Promise<void>;
}

export interface StartPostgres {
  replica?: boolean;
  /** Commits wait for the replica: what is acknowledged is on both. */
  synchronous?: boolean;
  /** Default true. False: without syncing, in memory where that can be. */
  durable?: boolean;
  /** Of this machine, where other hosts reach it; the URL then names it. Default: this machine alone. */
  address?: string | undefined;
  /** Who logs in over TCP shows a certificate of the same authority as well. */
  asksForCertificates?: boolean;
  /** A major version that npm has. Default: the PostgreSQL of the system, or 18 for one with a replica. */
  version?: PostgresVersion | undefined;
}

type PostgresVersion = NpmPostgresVersion | typeof ownVersion;

/** @throws Error when the system's is wanted (neither `version` nor `replica`) and not installed: ask requirePart first */
export async function startPostgres({
  replica = false,
  synchronous = false,
  durable = true,
  address,
  asksForCertificates = false,
  version = replica ? ownVersion : undefined,
}: StartPostgres = {}): Promise<RealPostgres> {
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers(durable ? undefined : await findFastDirectory()));
  await chmod(servers.directory, 0o755);
  const [first, second] = await freePorts(2);
  const user = { username: "roost", password: "secret of a test" };
  const serverUser = await chooseServerUser(servers.directory);
  const place = { bin: await findPrograms({ servers, version, user: serverUser }), servers, user: serverUser, address };
  const certificates = await createCertificates(servers.directory, address === undefined ? [] : [address]);
  const primary = createNode(place, { name: "primary", port: first! });
  await createPrimary(place, primary, { certificates, user, durable, asksForCertificates });
  const standby = replica ? createNode(place, { name: "replica", port: second! }) : undefined;
  // Before anything was written: a copy of the files is all that a base backup would be.
  if (standby !== undefined) await createReplica(place, { primary, standby });
  await primary.start();
  await standby?.start();
  const url = (parameters: Record<string, string> = {}) => {
    const hosts = [primary, standby].flatMap((node) =>
      node === undefined ? [] : [`${address ?? "127.0.0.1"}:${node.port}`],
    );
    const query = new URLSearchParams(parameters).toString();
    return `postgresql://${user.username}:${encodeURIComponent(user.password)}@${hosts.join(",")}/roost${query && `?${query}`}`;
  };
  const localUrl = `postgresql:///postgres?host=${encodeURIComponent(servers.directory)}&port=${first}&user=postgres&sslmode=disable`;
  if (standby !== undefined) await untilStreaming(localUrl, { synchronous });
  const owned = opened.move();
  return {
    certificates,
    user,
    primary,
    replica: standby,
    url,
    verifiedUrl: url({ sslmode: "verify-full", sslrootcert: certificates.authorityFile }),
    localUrl,
    promote: () => runProgram(place, "pg_ctl", ["promote", "-w", "-D", standby!.data]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A replica that accepts connections may not have found its primary yet. */
async function untilStreaming(url: string, { synchronous }: { synchronous: boolean }): Promise<void> {
  await using database = await openDatabase({ url, applicationName: "infra", logger: silentLogger, poolMax: 1 });
  const streaming = "select from pg_stat_replication where state = 'streaming'";
  await until("the replica streams", async () => (await database.query(streaming)).length > 0);
  if (!synchronous) return;
  await database.query("alter system set synchronous_standby_names = '*'");
  await database.query("select pg_reload_conf()");
}

interface FindPrograms {
  servers: Servers;
  version: PostgresVersion | undefined;
  user: ServerUser | undefined;
}

async function findPrograms({ servers, version, user }: FindPrograms): Promise<string> {
  if (version === undefined) {
    const part = await requirePart("postgres");
    if (part.skip !== false) throw new Error(part.skip);
    return part.directory;
  }
  // The server's user may not read where it is installed.
  const directory = join(servers.directory, "programs");
  const installed =
    version === ownVersion ? (await findInstalledBinaries()).directory : await installNpmPostgres(version);
  await cp(installed, directory, { recursive: true });
  const problem = await makeRunnable(directory, user);
  if (problem !== undefined) throw new Error(`PostgreSQL ${version} of npm does not run here: ${problem}`);
  return join(directory, "bin");
}

interface Place {
  bin: string;
  servers: Servers;
  user: ServerUser | undefined;
  address: string | undefined;
}

interface Node extends RealPostgresNode {
  data: string;
}

function createNode({ bin, servers, user, address }: Place, { name, port }: { name: string; port: number }): Node {
  const data = join(servers.directory, name);
  let server: Server | undefined;
  return {
    port,
    data,
    async start() {
      const addresses = `listen_addresses=${["127.0.0.1", address].filter((each) => each !== undefined).join(",")}`;
      const args = ["-D", data, "-p", String(port), "-k", servers.directory, "-c", addresses];
      const ready = /database system is ready to accept/;
      server = await servers.start({ name, program: join(bin, "postgres"), args, user, ready });
    },
    // Its children go by themselves when they miss it.
    kill: () => server!.kill(),
  };
}

async function createPrimary(
  place: Place,
  { data }: Node,
  {
    certificates,
    user,
    durable,
    asksForCertificates,
  }: Pick<RealPostgres, "certificates" | "user"> & Required<Pick<StartPostgres, "durable" | "asksForCertificates">>,
): Promise<void> {
  await giveDirectory(place, data);
  await giveDirectory(place, place.servers.directory);
  await runProgram(place, "initdb", [
    "-D",
    data,
    "-U",
    "postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ]);
  for (const name of ["key", "certificate", "authority"] as const) {
    const file = join(data, `server.${name}`);
    await copyFile(certificates[`${name}File`], file);
    await chmod(file, 0o600);
    await give(place, file);
  }
  const settings = [
    "ssl = on",
    "ssl_key_file = 'server.key'",
    "ssl_cert_file = 'server.certificate'",
    "ssl_ca_file = 'server.authority'",
    "max_connections = 500",
    "max_prepared_transactions = 4",
    "wal_level = replica",
    "hot_standby = on",
    "wal_keep_size = 512MB",
    ...(durable ? [] : ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]),
  ];
  await appendFile(join(data, "postgresql.conf"), `${settings.join("\n")}\n`);
  const rules = [
    "local all all trust",
    "local replication all trust",
    "host replication all 127.0.0.1/32 trust",
    `hostssl all all 127.0.0.1/32 scram-sha-256${asksForCertificates ? " clientcert=verify-ca" : ""}`,
    ...(place.address === undefined ? [] : ["hostssl all all samenet scram-sha-256"]),
  ];
  await writeFile(join(data, "pg_hba.conf"), `${rules.join("\n")}\n`);
  // A single-user session creates both before anything listens, and needs no client.
  const role = `create role ${user.username} login createdb createrole password '${user.password}'`;
  await runProgram(place, "postgres", ["--single", "-D", data, "postgres"], {
    input: `${role}\ncreate database roost owner ${user.username}\n`,
  });
}

async function createReplica(place: Place, { primary, standby }: { primary: Node; standby: Node }): Promise<void> {
  await run("cp", ["-a", primary.data, standby.data], { timeout: programMsMax });
  const settings = `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres'\n`;
  await appendFile(join(standby.data, "postgresql.conf"), settings);
  const signal = join(standby.data, "standby.signal");
  await writeFile(signal, "");
  await give(place, signal);
}

async function giveDirectory(place: Place, path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await give(place, path);
}

async function give({ user }: Place, path: string): Promise<void> {
  if (user !== undefined) await chown(path, user.uid, user.gid);
}

async function runProgram(
  { bin, user }: Place,
  name: string,
  args: string[],
  options: { input?: string } = {},
): Promise<void> {
  const running = run(join(bin, name), args, { timeout: programMsMax, cwd: "/", uid: user?.uid, gid: user?.gid });
  running.child.stdin?.end(options.input ?? "");
  await running;
}
