/** Stands between processes and PostgreSQL on a unix socket, and tears connections at the worst places when it is told to. */
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { RandomSource } from "./random-source.ts";

/** Where a connection breaks: now; after its next statement was sent in part; after the server has done it and before the answer. */
export const tears = ["at once", "in a statement", "before the answer"] as const;
export type Tear = (typeof tears)[number];

export interface TearingProxy extends AsyncDisposable {
  readonly openCount: number;
  /** Tears each connection with this probability. Returns how many will break. */
  tear(tear: Tear, share: number): number;
}

export interface TearingProxyOptions {
  /** The directory of the socket that clients use, and of the server's. */
  clientDirectory: string;
  serverDirectory: string;
  port: number;
  random: RandomSource;
}

interface Link {
  client: Socket;
  server: Socket;
  tear: Tear | undefined;
}

export async function startTearingProxy(options: TearingProxyOptions): Promise<TearingProxy> {
  const { random, port } = options;
  const links = new Set<Link>();
  const socketPath = (directory: string) => join(directory, `.s.PGSQL.${port}`);

  const proxy = createServer((client) => {
    const server = connect(socketPath(options.serverDirectory));
    const link: Link = { client, server, tear: undefined };
    links.add(link);
    const cut = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on("error", cut).on("close", cut);
    client.on("data", (bytes) => {
      if (link.tear !== "in a statement") return pass(server, bytes, client);
      server.write(bytes.subarray(0, random.whole(0, bytes.length - 1)), cut);
    });
    server.on("data", (bytes) => (link.tear === "before the answer" ? cut() : pass(client, bytes, server)));
  });
  await new Promise<void>((resolve, reject) => {
    proxy.once("error", reject);
    proxy.listen(socketPath(options.clientDirectory), resolve);
  });

  return {
    get openCount() {
      return links.size;
    },
    tear(tear, share) {
      const torn = [...links].filter(() => random.chance(share));
      for (const link of torn) {
        link.tear = tear;
        if (tear === "at once") link.client.destroy();
      }
      return torn.length;
    },
    async [Symbol.asyncDispose]() {
      for (const link of links) link.client.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

function pass(to: Socket, bytes: Buffer, from: Socket): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
}
