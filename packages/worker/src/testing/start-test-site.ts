import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestSite extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as settings allow it. */
  host: string;
  /** Without a slash at its end. */
  url: string;
}

/** A web server on a port of its own; it hangs up when it is disposed of. */
export async function startTestSite(answer: RequestListener): Promise<TestSite> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
