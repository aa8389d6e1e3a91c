import type { Server } from "node:http";

/** Between two looks for connections that have become idle: a caller would ask again over one that stays. */
const lookMs = 5;

/** Takes no more calls, lets those that are being answered end, and cuts off what is open after `callsMsMax`. Resolves when all connections are closed. */
export function endServer(
  server: Pick<Server, "close" | "closeAllConnections" | "closeIdleConnections">,
  callsMsMax: number,
): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), callsMsMax);
    const looking = setInterval(() => server.closeIdleConnections(), lookMs);
    server.close(() => {
      clearTimeout(late);
      clearInterval(looking);
      resolve();
    });
  });
}
