/** A bucket as several machines reach it: an S3 server that keeps what it is given in memory. What a real one does is tried in workers.distributed.test.ts. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface TestBucket extends AsyncDisposable {
  /** OBJECTS_URL and the key. */
  environment: Record<string, string>;
}

export async function startBucket(): Promise<TestBucket> {
  const objects = new Map<string, Buffer>();
  const server = createServer((asked, answer) => void serve(objects, asked, answer));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    environment: {
      OBJECTS_URL: `s3://roost/home?endpoint=${endpoint}&region=test`,
      AWS_ACCESS_KEY_ID: "a-key-of-the-tests",
      AWS_SECRET_ACCESS_KEY: "a-secret-of-the-tests",
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(objects: Map<string, Buffer>, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(asked.url ?? "/", "http://bucket");
  const key = decodeURIComponent(pathname.replace(/^\/roost\/?/, ""));
  const body = await buffer(asked);
  const found = objects.get(key);
  if (searchParams.has("list-type")) return void answer.end(list([...objects.keys()], searchParams));
  if (asked.method === "PUT") objects.set(key, body);
  if (asked.method === "DELETE") objects.delete(key);
  if (asked.method === "DELETE") return void answer.writeHead(204).end();
  if (asked.method === "PUT") return void answer.writeHead(200, { etag: '"x"' }).end();
  if (found === undefined) return void answer.writeHead(404).end();
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(asked.headers.range ?? "") ?? [];
  const part = from === undefined ? found : found.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
  const range =
    from === undefined ? {} : { "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${found.length}` };
  answer.writeHead(from === undefined ? 200 : 206, { ...range, "content-length": part.length, etag: '"x"' });
  answer.end(asked.method === "HEAD" ? undefined : part);
}

function list(keys: string[], asked: URLSearchParams): string {
  const prefix = asked.get("prefix") ?? "";
  const after = asked.get("start-after") ?? "";
  const all = keys.filter((key) => key.startsWith(prefix) && key > after).toSorted();
  const contents = all.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join("");
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`;
}
