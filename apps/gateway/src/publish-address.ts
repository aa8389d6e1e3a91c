/**
 * Publishes the gateway's address for programs of this user. Any number of gateways may serve a home: the last to start is the one that is named,
 * and when that one is gone, another takes its place.
 */
import { readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { gatewayFile, readGatewayUrl, sleepUntilAborted, writeFileDurably, type Logger } from "@roost/base";

export interface PublishAddressOptions {
  url: string;
  startedAtMs: number;
  logger: Logger;
  /** Between two looks at who is named. */
  everyMs?: number;
}

const everyMsDefault = 2_000;
const connectMsMax = 2_000;

export async function publishAddress(homeDir: string, options: PublishAddressOptions): Promise<AsyncDisposable> {
  const { url, startedAtMs, logger, everyMs = everyMsDefault } = options;
  const path = gatewayFile(homeDir);
  const text = `${JSON.stringify({ url, pid: process.pid, startedAt: new Date(startedAtMs).toISOString() })}\n`;
  const publish = () => writeFileDurably(path, text, { mode: 0o600 });
  await publish();
  const over = new AbortController();
  const keep = async () => {
    while (await sleepUntilAborted(everyMs, { signal: over.signal, keepAlive: false })) {
      const named = await readGatewayUrl(homeDir).catch(() => undefined);
      if (named === url || (named !== undefined && (await isThere(named)))) continue;
      await publish().catch((error: unknown) => logger.warn("the address could not be published", { error }));
    }
  };
  const kept = keep();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await kept;
      if ((await readFile(path, "utf8").catch(() => "")) === text) await rm(path, { force: true });
    },
  };
}

/** Whether a process listens at an address of this machine. */
async function isThere(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), timeout: connectMsMax });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("timeout", () => resolve(false));
      socket.once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
