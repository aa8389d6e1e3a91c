/** `POST /hooks/<name>`: webhooks of other programs. Callers are authenticated by the signature of the body alone. */
import { createHookKeys, openHooks, type InboundHooks } from "@roost/access";
import type { Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import { formatDurationMs, type Logger, RoostError, sleepUntilAborted } from "@roost/base";
import { createProblemResponse, readBytes } from "@roost/contract";
import { Hono } from "hono";

export const hooksPath = "/hooks";

export interface HookLimits {
  /** Of a body: it becomes the data of one event. */
  bodyBytesMax: number;
  /** How long a body may take to arrive. */
  bodyMsMax: number;
  /** Bodies that are read at a time. */
  readingMax: number;
}

const limitsDefault: HookLimits = { bodyBytesMax: 900_000, bodyMsMax: 10_000, readingMax: 40 };

/** Their keys are in the home, or where references say, on a joined host those alone. */
export function openOwnHooks({ kernel, machineDir: homeDir, logger }: Memory, env: NodeJS.ProcessEnv): InboundHooks {
  const resolve = (reference: string) => resolveSecret(reference, { homeDir, env });
  return openHooks(kernel, { keys: createHookKeys({ homeDir, resolve }), logger });
}

export function serveHooks(
  hooks: InboundHooks,
  { logger, limits = limitsDefault }: { logger: Logger; limits?: HookLimits },
): Hono {
  const routes = new Hono();
  // What of the body was not read would be taken for the next request.
  const headers = { connection: "close" };
  const refuse = (thrown: unknown) => createProblemResponse(thrown, { logger, headers });
  let readingCount = 0;
  const readBody = async (request: Request): Promise<Uint8Array> => {
    if (readingCount >= limits.readingMax)
      throw new RoostError("unavailable", `${limits.readingMax} webhooks are being read (the limit): send it again`, {
        details: { retryAfterS: 5 },
      });
    readingCount += 1;
    const read = new AbortController();
    try {
      return await Promise.race([readBytes(request, limits.bodyBytesMax), refuseLate(limits.bodyMsMax, read.signal)]);
    } finally {
      read.abort();
      readingCount -= 1;
    }
  };
  routes.post("/:name", async (context) => {
    try {
      const { raw } = context.req;
      const taken = await hooks.take(context.req.param("name"), { headers: raw.headers, body: await readBody(raw) });
      return context.json(taken, 202, { "cache-control": "no-store" });
    } catch (thrown) {
      return refuse(thrown);
    }
  });
  return routes;
}

async function refuseLate(msMax: number, signal: AbortSignal): Promise<never> {
  if (await sleepUntilAborted(msMax, { signal, keepAlive: false }))
    throw new RoostError("timeout", `The body did not arrive within ${formatDurationMs(msMax)}`, {
      details: { httpStatus: 408 },
    });
  return new Promise(() => undefined);
}
