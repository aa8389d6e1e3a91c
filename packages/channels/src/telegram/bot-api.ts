/**
 * Calls of Telegram's Bot API by fetch. Every failure says whether what was asked may have happened. The token is part of each address, so that no
 * address and no error of fetch is ever passed on.
 */
import { limitBytes, type JsonObject } from "@roost/base";
import { z } from "zod";
import { SendFailed } from "../channel.ts";

export interface BotApi {
  /** @throws SendFailed */
  call<Result extends z.ZodType>(
    method: string,
    given: { fields: JsonObject; file?: { field: string; blob: Blob; name: string }; result: Result } & CallTime,
  ): Promise<z.output<Result>>;
  /** The bytes of a file, by the path that getFile names. @throws SendFailed */
  download(path: string, options: { bytesMax: number; signal: AbortSignal }): Promise<Uint8Array<ArrayBuffer>>;
}

/** Nothing was done: a group that was made a supergroup has another id. */
export class ChatMoved extends SendFailed {
  readonly to: string;

  constructor(to: string) {
    super("not_found", "Telegram has moved this group to another id", { isUnknown: false });
    this.to = to;
  }
}

interface CallTime {
  signal: AbortSignal;
  /** Default: 30 s. */
  timeoutMs?: number;
}

export interface BotApiOptions {
  token: string;
  /** `https://api.telegram.org`, or of a Bot API server of one's own. */
  apiUrl: string;
}

const timeoutMsDefault = 30_000;
const answerBytesMax = 10_000_000;
/** Errors of a connection that was never made. */
const unsentCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const Answer = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error_code: z.number().optional(),
  description: z.string().optional(),
  parameters: z.object({ retry_after: z.number().optional(), migrate_to_chat_id: z.number().optional() }).optional(),
});

export function createBotApi({ token, apiUrl }: BotApiOptions): BotApi {
  const base = apiUrl.replace(/\/+$/, "");
  return {
    async call(method, { fields, file, result, signal, timeoutMs = timeoutMsDefault }) {
      const response = await request(`${base}/bot${token}/${method}`, {
        init: { method: "POST", ...bodyOf(fields, file) },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      const text = Buffer.from(await bytesOf(response, answerBytesMax)).toString("utf8");
      const answer = Answer.safeParse(parse(text)).data;
      if (answer === undefined)
        throw new SendFailed("unavailable", `Telegram answered ${method} with status ${response.status}`, {
          isUnknown: true,
        });
      if (!answer.ok) throw refusalOf(method, answer);
      const read = result.safeParse(answer.result);
      if (read.success) return read.data;
      // It was done: only what came back is not understood.
      throw new SendFailed("internal", `Telegram's answer to ${method} is not as documented`, { isUnknown: true });
    },
    async download(path, { bytesMax, signal }) {
      const response = await request(`${base}/file/bot${token}/${path}`, {
        init: {},
        signal: AbortSignal.any([signal, AbortSignal.timeout(2 * timeoutMsDefault)]),
      });
      if (response.ok) return bytesOf(response, bytesMax);
      await response.body?.cancel();
      const code = response.status === 404 ? "not_found" : "unavailable";
      throw new SendFailed(code, `Telegram does not give the file: status ${response.status}`, { isUnknown: false });
    },
  };
}

function bodyOf(
  fields: JsonObject,
  file: { field: string; blob: Blob; name: string } | undefined,
): Pick<RequestInit, "body" | "headers"> {
  if (file === undefined) return { body: JSON.stringify(fields), headers: { "content-type": "application/json" } };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    form.append(name, typeof value === "string" ? value : JSON.stringify(value));
  form.append(file.field, file.blob, file.name);
  return { body: form };
}

async function request(url: string, { init, signal }: { init: RequestInit; signal: AbortSignal }): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "error", signal });
  } catch (error) {
    throw failureOf(error);
  }
}

/** Without its cause: errors of fetch may quote the address. */
function failureOf(error: unknown): SendFailed {
  const { name, cause } = error as Error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  if (name === "TimeoutError" || name === "AbortError")
    return new SendFailed("timeout", "Telegram gave no answer in time", { isUnknown: true });
  const why = code === "" ? "the connection failed" : code;
  return new SendFailed("unavailable", `Telegram cannot be reached: ${why}`, { isUnknown: !unsentCodes.has(code) });
}

async function bytesOf(response: Response, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const refuse = () =>
    new SendFailed("limit_exceeded", `Telegram's answer has more than ${bytesMax} bytes`, { isUnknown: true });
  try {
    const pieces: Uint8Array[] = [];
    if (response.body !== null)
      for await (const piece of limitBytes(response.body, { bytesMax, refuse })) pieces.push(piece);
    return Buffer.concat(pieces);
  } catch (error) {
    if (error instanceof SendFailed) throw error;
    throw failureOf(error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** https://core.telegram.org/bots/api#making-requests: what is refused was not done; a server that failed may have failed afterwards. */
function refusalOf(
  method: string,
  { error_code: status = 500, description = "", parameters }: z.output<typeof Answer>,
) {
  const isUnknown = false;
  const why = description.slice(0, 300);
  if (status === 429) {
    const seconds = parameters?.retry_after ?? 1;
    const message = `Telegram takes no more messages for ${seconds} s`;
    return new SendFailed("unavailable", message, { isUnknown, retryAfterMs: seconds * 1_000 });
  }
  if (status === 401 || status === 404)
    return new SendFailed("unauthenticated", `Telegram refuses the bot's token (${why}): ask @BotFather for it`, {
      isUnknown,
    });
  if (status === 409)
    return new SendFailed(
      "conflict",
      `Another program reads the messages of this bot (${why}): stop it, or use a bot of its own for Roost`,
      { isUnknown },
    );
  if (status === 403) return new SendFailed("forbidden", `Telegram refuses ${method}: ${why}`, { isUnknown });
  if (status >= 500) return new SendFailed("unavailable", `Telegram failed at ${method}: ${why}`, { isUnknown: true });
  const movedTo = parameters?.migrate_to_chat_id;
  if (movedTo !== undefined) return new ChatMoved(String(movedTo));
  const isGone = /message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i.test(description);
  return new SendFailed(isGone ? "not_found" : "invalid_input", `Telegram refuses ${method}: ${why}`, { isUnknown });
}
