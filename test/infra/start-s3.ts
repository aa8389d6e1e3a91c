/** A real S3 server: versitygw over a directory, or Garage as deploy/ starts it. */
import { freePorts } from "@roost/base/testing";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requirePart } from "./parts.ts";
import { openServers, type ServerCommand, type Servers } from "./servers.ts";

export interface RealS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Refuses everything until it is started again. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface StartS3 {
  /** Default: versitygw. */
  server?: "s3" | "garage";
  /** Where versitygw keeps buckets; default: one that goes with it. */
  directory?: string;
}

interface S3Program extends Pick<RealS3, "endpoint" | "region" | "accessKeyId" | "secretAccessKey"> {
  command: ServerCommand;
}

/** With an empty bucket "roost". @throws Error when it is not installed: ask requirePart first */
export async function startS3({ server: name = "s3", directory }: StartS3 = {}): Promise<RealS3> {
  const part = await requirePart(name);
  if (part.skip !== false) throw new Error(part.skip);
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers());
  const { command, ...reached } = await (name === "garage"
    ? prepareGarage(servers, join(part.directory, "garage"))
    : prepareVersitygw(servers, join(part.directory, "versitygw"), directory));
  let server = await servers.start(command);
  const owned = opened.move();
  return {
    ...reached,
    kill: () => server.kill(),
    async start() {
      server = await servers.start(command);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function prepareVersitygw(
  servers: Servers,
  program: string,
  directory = join(servers.directory, "buckets"),
): Promise<S3Program> {
  const [port] = await freePorts(1);
  // A directory in it is a bucket.
  await mkdir(join(directory, "roost"), { recursive: true });
  const key = { accessKeyId: "roost-test", secretAccessKey: "secret-of-a-test" };
  const command = {
    name: "versitygw",
    program,
    args: ["--port", `127.0.0.1:${port}`, "posix", directory],
    env: { ROOT_ACCESS_KEY: key.accessKeyId, ROOT_SECRET_KEY: key.secretAccessKey },
    ready: { port: port! },
  };
  return { command, endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", ...key };
}

async function prepareGarage({ directory }: Servers, program: string): Promise<S3Program> {
  const [port, rpcPort] = await freePorts(2);
  const settings = join(directory, "garage.toml");
  await writeFile(
    settings,
    `metadata_dir = "${directory}/meta"
data_dir = "${directory}/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:${rpcPort}"
rpc_public_addr = "127.0.0.1:${rpcPort}"

[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:${port}"
`,
  );
  const key = { accessKeyId: `GK${randomBytes(12).toString("hex")}`, secretAccessKey: randomBytes(32).toString("hex") };
  const command = {
    name: "garage",
    program,
    args: ["-c", settings, "server", "--single-node", "--default-bucket"],
    env: {
      GARAGE_RPC_SECRET: randomBytes(32).toString("hex"),
      GARAGE_DEFAULT_BUCKET: "roost",
      GARAGE_DEFAULT_ACCESS_KEY: key.accessKeyId,
      GARAGE_DEFAULT_SECRET_KEY: key.secretAccessKey,
    },
    ready: { port: port! },
  };
  return { command, endpoint: `http://127.0.0.1:${port}`, region: "garage", ...key };
}
