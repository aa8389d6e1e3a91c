import { once } from "node:events";
import { createServer } from "node:net";
import { RoostError } from "@roost/base";

/**
 * Looks before anything is made: the gateway opens the port later, and is the one to say what else is wrong with an address.
 * @throws RoostError `conflict` when another program has the port
 */
export async function requireFreePort({ host, port }: { host: string; port: number }): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") return;
    throw new RoostError(
      "conflict",
      `Port ${port} of ${host} is used by another program: set ROOST_PORT to a free one`,
      { cause: error },
    );
  } finally {
    server.close();
  }
}
