/**
 * Takes deliveries of webhooks: those that are signed with the hook's key, and not older than a few minutes, become an event, once for each id. GitHub
 * signs no time and no id: there a body is taken once. What they say is untrusted.
 */
import { createHash } from "node:crypto";
import { keepBriefly, RoostError, storableValue, type JsonValue, type Logger } from "@roost/base";
import { formatLabels, untrustedFrom } from "@roost/contract/labels";
import { rememberResult, type Kernel } from "@roost/kernel";
import { createFailureCount } from "../create-failure-count.ts";
import { hookColumns, type InboundHook } from "./inbound-hook.ts";
import type { HookKeys } from "./hook-keys.ts";
import { isSignedByGithub, isSignedMessage } from "./sign-message.ts";

export interface Delivery {
  headers: Pick<Headers, "get">;
  body: Uint8Array;
}

export interface TakenDelivery {
  eventId: string;
  /** It was delivered before: nothing happened. */
  isRepeated: boolean;
}

export interface InboundHooks {
  readonly kernel: Kernel;
  readonly keys: HookKeys;
  /**
   * @throws RoostError `unauthenticated` for what is not signed with its key, or too old, and where there is no such hook, in the same words;
   * `limit_exceeded` where there were too many of these; `invalid_input`
   */
  take(name: string, delivery: Delivery): Promise<TakenDelivery>;
  /** Call it after a change, so that it counts at once here. */
  forget(): void;
}

/** How far a sender's clock may be from ours, and how long a delivery may be on its way. */
const windowS = 300;
/** Ids are known for so long: senders retry for days. */
const rememberIdMs = 30 * 86_400_000;
/** What was signed without a time could be sent again for as long as the key counts: its bodies are known for longer than most keys. */
const rememberBodyMs = 400 * 86_400_000;
const idCharsMax = 200;

export function openHooks(kernel: Kernel, { keys, logger }: { keys: HookKeys; logger: Logger }): InboundHooks {
  const { clock } = kernel;
  const known = keepBriefly(() => readHooks(kernel), { clock });
  const wrong = createWrongCounter({ clock, logger });

  return {
    kernel,
    keys,
    forget: known.forget,
    async take(name, { headers, body }) {
      const hook = (await known.read()).get(name);
      const signed = hook && (await readSigned(hook, { headers, body, keys, nowMs: clock.nowMs() }));
      if (hook === undefined || signed === undefined) throw wrong.count(hook?.name);
      const payload = readPayload(headers, body);
      const { result, isRepeated } = await kernel.transact(async (tx) => {
        return rememberResult(tx, { scope: `hook:${hook.id}`, ...signed.once }, async () => {
          await tx.query(
            "update access.hook set received_count = received_count + 1, received_at = roost.now() where id = $1",
            [hook.id],
          );
          const eventId = kernel.createId();
          tx.emit({
            id: eventId,
            type: "webhook.received",
            subject: hook.name,
            labels: formatLabels(untrustedFrom("webhook", hook.name)),
            data: { hook: hook.name, deliveryId: signed.id, event: signed.event, payload },
          });
          return eventId;
        });
      });
      return { eventId: result, isRepeated };
    },
  };
}

interface Signed {
  id: string;
  /** What happened, in the sender's words; undefined where they are empty. */
  event: string | undefined;
  /** What makes a second delivery the same one, and for how long that is known. */
  once: { key: string; keepMs: number };
}

/** Undefined: it is not signed with one of the keys that count now, or too old. */
async function readSigned(
  hook: InboundHook,
  { headers, body, keys, nowMs }: Delivery & { keys: HookKeys; nowMs: number },
): Promise<Signed | undefined> {
  const counting = (await keys.read(hook)).filter(({ untilMs }) => untilMs > nowMs);
  const isSigned = (check: (key: string) => boolean) => counting.some(({ key }) => check(key));
  const nameOf = (header: string) => headers.get(header)?.slice(0, idCharsMax + 1) ?? "";
  const isName = (id: string) => id.length > 0 && id.length <= idCharsMax;
  if (hook.form === "github") {
    const id = nameOf("x-github-delivery");
    const signature = headers.get("x-hub-signature-256") ?? "";
    if (!isName(id) || !isSigned((key) => isSignedByGithub(key, body, signature))) return undefined;
    const once = { key: createHash("sha256").update(body).digest("hex"), keepMs: rememberBodyMs };
    return { id, event: headers.get("x-github-event")?.slice(0, idCharsMax) || undefined, once };
  }
  const id = nameOf("webhook-id");
  const timestamp = nameOf("webhook-timestamp");
  const signature = headers.get("webhook-signature") ?? "";
  const isRecent = /^\d{1,12}$/.test(timestamp) && Math.abs(nowMs / 1_000 - Number(timestamp)) <= windowS;
  if (!isName(id) || !isRecent || !isSigned((key) => isSignedMessage(key, { id, timestamp, body }, signature)))
    return undefined;
  return { id, event: undefined, once: { key: id, keepMs: rememberIdMs } };
}

const depthMax = 200;

/** JSON as it is, a form's field `payload` as GitHub may send it, other text as a text. @throws RoostError `invalid_input` */
function readPayload(headers: Pick<Headers, "get">, body: Uint8Array): JsonValue {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new RoostError("invalid_input", "The body is not UTF-8", { cause, details: { httpStatus: 415 } });
  }
  const mediaType = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (mediaType === "application/x-www-form-urlencoded") text = new URLSearchParams(text).get("payload") ?? text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return storableValue(text);
  }
  if (isDeeper(value, depthMax))
    throw new RoostError("invalid_input", `The body is nested deeper than ${depthMax} levels: flatten it`);
  return storableValue(value as JsonValue);
}

/** Code that walks the value is recursive; this is not. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** By name. */
async function readHooks({ database }: Kernel): Promise<Map<string, InboundHook>> {
  const rows = await database.query<InboundHook>(`select ${hookColumns} from access.hook`, [], {
    name: "access_read_hooks",
  });
  return new Map(rows.map((hook) => [hook.name, hook]));
}

/** Counts what is refused. The log says it once in a while, with the count: each may be one of millions. */
function createWrongCounter({ clock, logger }: { clock: Kernel["clock"]; logger: Logger }) {
  const countFailure = createFailureCount(clock);
  return {
    count(name: string | undefined): RoostError {
      const { count, before, isTooMany, retryAfterS } = countFailure();
      if (before > 1) logger.warn("Webhooks were refused: their signatures are wrong", { count: before });
      if (count === 1) logger.warn("A webhook was refused: its signature is wrong, or it is too old", { hook: name });
      return isTooMany
        ? new RoostError("limit_exceeded", "Too many webhooks with a wrong signature: wait and try again", {
            details: { retryAfterS },
          })
        : new RoostError("unauthenticated", "There is no such hook, or the signature is wrong, or it is too old");
    },
  };
}
