/**
 * What the agents of a home act upon: two HTTP servers that record every request. One honours Idempotency-Key and performs an
 * effect once per key; the other performs whatever arrives. Both can hold their answers, as a slow server would, and both say
 * whether an effect with a key has happened (GET /effects/<key>).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface WorldRequest {
  method: string;
  path: string;
  key: string | undefined;
  body: Record<string, unknown>;
}

export interface Hold {
  /** Resolves when the first request has been performed and waits for its answer. */
  arrived: Promise<WorldRequest>;
  /** Answers all that wait. */
  release(): void;
}

export interface WorldServer {
  host: string;
  url: string;
  /** As they arrived, repetitions included. */
  requests: WorldRequest[];
  /** What was done: with keys, once per key. */
  effects: WorldRequest[];
  /** From now on no request to the path is answered until release(). */
  hold(path: string): Hold;
}

export interface World extends AsyncDisposable {
  keyed: WorldServer;
  plain: WorldServer;
  /** What GET /comments answers. */
  comments: { day: string; from: string; text: string }[];
}

export async function startWorld(): Promise<World> {
  const comments: World["comments"] = [];
  const keyed = await startServer({ honoursKeys: true, comments });
  const plain = await startServer({ honoursKeys: false, comments });
  return {
    keyed,
    plain,
    comments,
    async [Symbol.asyncDispose]() {
      await Promise.all([keyed.close(), plain.close()]);
    },
  };
}

async function startServer(options: {
  honoursKeys: boolean;
  comments: World["comments"];
}): Promise<WorldServer & { close(): Promise<void> }> {
  const requests: WorldRequest[] = [];
  const effects: WorldRequest[] = [];
  const holds = new Map<string, { arrive: (request: WorldRequest) => void; released: Promise<void> }>();

  const answerTo = ({ path }: WorldRequest) => {
    if (path === "/comments") return options.comments;
    if (path.startsWith("/effects/"))
      return { found: effects.some(({ key }) => key === path.slice("/effects/".length)) };
    return { accepted: path };
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const received = await readRequest(request);
    requests.push(received);
    const isRepeated = options.honoursKeys && effects.some(({ key }) => key !== undefined && key === received.key);
    if (received.method !== "GET" && !isRepeated) effects.push(received);
    const hold = holds.get(received.path);
    hold?.arrive(received);
    await hold?.released;
    const answer = answerTo(received);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => {
    // The client has gone away.
    serve(request, response).catch(() => response.destroy());
  });
  const port = await listen(server);
  return {
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    requests,
    effects,
    hold(path) {
      const arrived = Promise.withResolvers<WorldRequest>();
      const released = Promise.withResolvers<void>();
      holds.set(path, { arrive: arrived.resolve, released: released.promise });
      return {
        arrived: arrived.promise,
        release() {
          holds.delete(path);
          released.resolve();
        },
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<WorldRequest> {
  const body = await text(request);
  const key = request.headers["idempotency-key"];
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    key: typeof key === "string" ? key : undefined,
    body: body === "" ? {} : (JSON.parse(body) as Record<string, unknown>),
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Settings with which tools may reach the world, and know which of its servers honours keys. */
export function openTo({ keyed, plain }: World, settings: string): string {
  return settings
    .replace(/^( *allow:) \[\]$/m, `$1 ["${keyed.host}", "${plain.host}"]`)
    .replace(/^( *keyed:) \[\]$/m, `$1 ["${keyed.host}"]`);
}

/** Of the agent's file: what goes there is not asked about. */
export function sendWithoutAsking({ keyed, plain }: World, agent: string): string {
  const tools = [`http_send_keyed@${keyed.host}`, `http_fetch@${keyed.host}`, `http_send@${plain.host}`];
  return agent.replace(/^---\n/, `---\npolicies:\n${tools.map((tool) => `  "${tool}": allow\n`).join("")}`);
}
