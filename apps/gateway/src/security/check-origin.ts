/**
 * Refuses what a web page could make a browser send: a Host that is not this server's (DNS rebinding) and an Origin that is not its own (cross-site
 * requests). Knows nothing of tokens.
 */
import { RoostError } from "@roost/base";

export interface OriginRules {
  /** Names of this server, without port: `127.0.0.1`, `localhost`, `[::1]`. */
  hostnames: ReadonlySet<string>;
  /** Its own port. */
  port: number;
}

/**
 * @throws RoostError `forbidden` when the Host header names another server, or the Origin another site
 */
export function checkOrigin(headers: Pick<Headers, "get">, rules: OriginRules): void {
  const host = headers.get("host") ?? "";
  if (!isOwn(host, rules)) {
    throw new RoostError(
      "forbidden",
      `The Host header "${host.slice(0, 100)}" does not name this server: use http://127.0.0.1:${rules.port}`,
    );
  }
  const origin = headers.get("origin");
  if (origin === null) return;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || url.protocol !== "http:" || !isOwn(url.host, rules)) {
    throw new RoostError("forbidden", `Pages of "${origin.slice(0, 100)}" may not call this server`);
  }
}

const loopbackNames: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether a Host header is a name that only this machine has. */
export function isLoopbackHost(host = ""): boolean {
  return loopbackNames.has(host.replace(/:\d+$/, "").toLowerCase());
}

function isOwn(host: string, rules: OriginRules): boolean {
  const match = /^(?<name>\[[0-9a-f:.]+\]|[^:[\]]+)(?::(?<port>\d+))?$/i.exec(host);
  if (match?.groups === undefined) return false;
  const port = match.groups["port"] === undefined ? 80 : Number(match.groups["port"]);
  return rules.hostnames.has((match.groups["name"] ?? "").toLowerCase()) && port === rules.port;
}
