/** `POST /hooks/<name>`: webhooks of other programs. Callers are authenticated by the signature of the body alone. */
import { createHookKeys, openHooks, type HookKeys, type InboundHooks } from "@roost/access";
import type { Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import { formatDurationMs, type Logger, RoostError, sleepUntilAborted } from "@roost/base";
import { createProblemResponse, readBytes } from "@roost/contract";
import { Hono } from "hono";
import { leftToHome } from "./security/leave-to-home.ts";

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

/** Their keys are in the home, or where references say. `isElsewhere`: this is a joined host, which has those of references alone, and maybe not all. */
export function openOwnHooks(
  { kernel, machineDir: homeDir, logger }: Memory,
  { environment: env, isElsewhere }: { environment: NodeJS.ProcessEnv; isElsewhere: boolean },
): InboundHooks {
  const resolve = (reference: string) => resolveSecret(reference, { homeDir, env });
  const keys = createHookKeys({ homeDir, resolve });
  return openHooks(kernel, { keys: isElsewhere ? leavingToHome(keys) : keys, logger });
}

/** Nothing is taken before the key was read, so the home may be asked for it. Who sends is not known yet, and is told no address. */
function leavingToHome(keys: HookKeys): HookKeys {
  const read: HookKeys["read"] = async (hook) => {
    if (hook.keyRef === null) throw leftToHome("A webhook whose key is in a file of the home", undefined);
    return await keys.read(hook).catch((error: unknown) => {
      throw leftToHome("A webhook whose key this machine lacks", undefined, error);
    });
  };
  return { ...keys, read };
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
