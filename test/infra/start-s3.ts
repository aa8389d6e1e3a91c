/** A real S3 server, versitygw, over a directory. */
import { freePorts } from "@roost/base/testing";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { requirePart } from "./parts.ts";
import { openServers } from "./servers.ts";

export interface RealS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Refuses everything until it is started again. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/**
 * @param options.directory where it keeps buckets; default: one that goes with it
 * @throws Error when it is not installed: ask requirePart first
 */
export async function startS3(options: { directory?: string } = {}): Promise<RealS3> {
  const part = await requirePart("s3");
  if (part.skip !== false) throw new Error(part.skip);
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers());
  const [port] = await freePorts(1);
  const directory = options.directory ?? join(servers.directory, "buckets");
  // A directory in it is a bucket.
  await mkdir(join(directory, "roost"), { recursive: true });
  const [accessKeyId, secretAccessKey] = ["roost-test", "secret-of-a-test"];
  const start = () =>
    servers.start({
      name: "versitygw",
      program: join(part.directory, "versitygw"),
      args: ["--port", `127.0.0.1:${port}`, "posix", directory],
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      ready: { port: port! },
    });
  let server = await start();
  const owned = opened.move();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    accessKeyId,
    secretAccessKey,
    kill: () => server.kill(),
    async start() {
      server = await start();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
