// A fetch for chat completions that adapts requests to the server and always returns a clean event stream: refused requests are mended and repeated
// (mends.ts), answers are normalized (read-events.ts).

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import type { JsonObject, Logger } from "@roost/base";
import { isChatBody, toolNamesOf, type ChatBody } from "./chat-body.ts";
import { errorText } from "./error-text.ts";
import type { Mend, MendSetting } from "./mend.ts";
import { mends } from "./mends.ts";
import { readEvents, type ReplyEvent } from "./read-events.ts";
import type { WireMedia } from "./take-media.ts";
import { toolsAsText, toolsMendId } from "./tools-mend.ts";

type Fetch = typeof globalThis.fetch;

/** Events on the wire during one call. */
export interface WireWatch {
  /** Any byte of an answer, comments included: the server is alive. */
  onBytes?: () => void;
  /** The field in which thinking came. */
  onReasoningField?: (field: string) => void;
  /** Pictures and sound of the reply, as they come. */
  onMedia?: (media: WireMedia[]) => void;
  /** How the request was changed in the end. */
  onMends?: (tell: string[]) => void;
  /** The tools were described as text. */
  onToolsAsText?: () => void;
}

export interface WireOptions {
  fetch: Fetch;
  bodyBytesMax: number;
  /** What this server is known to take; new knowledge is added. */
  settings: Map<string, MendSetting>;
  /** Fields that every request has. */
  fields?: JsonObject | undefined;
  logger: Logger;
  finishGraceMs?: number;
}

export interface Wire {
  fetch: Fetch;
  /** Reports every fetch within `work` to `watch`. */
  watched<T>(watch: WireWatch, work: () => Promise<T>): Promise<T>;
}

const mendsMax = 8;
const redirectsMax = 3;
const refusalBytesMax = 64 * 1024;
const finishGraceMsDefault = 5_000;
/** No changed request would help: a wrong key, a rate limit, a server that is down. */
const unmendable = new Set([401, 403, 408, 429, 503, 529]);
const moved = new Set([301, 302, 303, 307, 308]);

export function createWire(options: WireOptions): Wire {
  const watches = new AsyncLocalStorage<WireWatch>();
  return {
    watched: (watch, work) => watches.run(watch, work),
    fetch: async (input, init) => {
      const asked: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
      if (!isChatBody(asked)) return await options.fetch(input, init);
      const whole = { ...asked, ...options.fields };
      return await ask(options, watches.getStore() ?? {}, { input, init: init ?? {}, asked: whole });
    },
  };
}

async function ask(
  options: WireOptions,
  watch: WireWatch,
  { input, init, asked }: { input: Parameters<Fetch>[0]; init: RequestInit; asked: ChatBody },
): Promise<Response> {
  const settings = new Map(options.settings);
  for (let count = 0; ; count += 1) {
    const inForce = mends.filter(({ id }) => settings.has(id));
    const body = inForce.reduce((soFar, mend) => mend.apply(soFar, settings.get(mend.id)!), asked);
    const response = await send(options.fetch, input, { ...init, redirect: "manual", body: JSON.stringify(body) });
    watch.onBytes?.();
    const answer = moved.has(response.status)
      ? { refused: refusalOf(movedText(response, input), 404) }
      : response.ok
        ? await open(response, options, { watch, toolNames: toolNamesOf(asked) })
        : { refused: await readRefusal(response) };
    if ("events" in answer) {
      watch.onMends?.(inForce.map((mend) => mend.tell(settings.get(mend.id)!)));
      if (settings.get(toolsMendId) === toolsAsText) watch.onToolsAsText?.();
      return toEventStream(response, answer, watch);
    }
    const { refused } = answer;
    const found = count < mendsMax && !unmendable.has(refused.status) ? findMend(refused, body, settings) : undefined;
    if (found === undefined) return refused.response;
    settings.set(found.mend.id, found.setting);
    if (found.mend.isForOnce?.(found.setting) !== true) options.settings.set(found.mend.id, found.setting);
    const facts = { status: refused.status, reason: errorText(refused.text)?.slice(0, 300) };
    options.logger.info(`A model server refused a request, which is ${found.mend.tell(found.setting)}`, facts);
  }
}

/** 307 and 308 keep the method; they are followed on the same host only, so that no key goes elsewhere. */
async function send(fetch: Fetch, input: Parameters<Fetch>[0], init: RequestInit): Promise<Response> {
  let url = String(input instanceof Request ? input.url : input);
  for (let count = 0; ; count += 1) {
    const response = await fetch(url, init);
    if ((response.status !== 307 && response.status !== 308) || count >= redirectsMax) return response;
    const to = response.headers.get("location") ?? "";
    if (!URL.canParse(to, url) || new URL(to, url).host !== new URL(url).host) return response;
    await response.body?.cancel();
    url = new URL(to, url).href;
  }
}

interface Refused {
  status: number;
  text: string;
  /** What the caller gets when nothing can be mended. */
  response: Response;
}

function findMend(
  refused: Refused,
  body: ChatBody,
  settings: ReadonlyMap<string, MendSetting>,
): { mend: Mend; setting: MendSetting } | undefined {
  const refusal = { status: refused.status, text: `${errorText(refused.text) ?? ""}\n${refused.text}` };
  for (const mend of mends) {
    const setting = mend.recognise(refusal, body);
    if (setting !== undefined && setting !== settings.get(mend.id)) return { mend, setting };
  }
  return undefined;
}

async function readRefusal(response: Response): Promise<Refused> {
  const parts: Buffer[] = [];
  let byteCount = 0;
  for await (const bytes of response.body ?? []) {
    parts.push(Buffer.from(bytes));
    byteCount += bytes.byteLength;
    if (byteCount > refusalBytesMax) break;
  }
  const text = Buffer.concat(parts).toString("utf8").slice(0, refusalBytesMax);
  return refusalOf(text, response.status, response.headers);
}

/** In OpenAI's form, so that its reader finds the reason. */
function refusalOf(text: string, status: number, headers?: Headers): Refused {
  const message = errorText(text) ?? "";
  const kept = new Headers(headers);
  for (const name of ["content-length", "content-encoding", "transfer-encoding"]) kept.delete(name);
  kept.set("content-type", "application/json");
  const body = JSON.stringify({ error: { message, raw: text.slice(0, refusalBytesMax) } });
  return { status, text, response: new Response(body, { status, headers: kept }) };
}

function movedText(response: Response, input: Parameters<Fetch>[0]): string {
  const to = response.headers.get("location") ?? "";
  const from = String(input instanceof Request ? input.url : input);
  const whole = URL.canParse(to, from) ? new URL(to, from).href : "another one that it does not name";
  void response.body?.cancel();
  const moved = whole.replace(/\/chat\/completions\/?$/, "");
  // A page to sign in at, or another host's front page.
  if (moved === whole) return `the address leads to ${whole}, which is not where a model answers: check it`;
  return `the address has moved to ${moved}: give that one`;
}

interface Opened {
  events: AsyncGenerator<ReplyEvent, void>;
  first: ReplyEvent;
}

/** Reads up to the first event, to detect a refusal in a successful answer. */
async function open(
  response: Response,
  { bodyBytesMax, finishGraceMs = finishGraceMsDefault }: WireOptions,
  { watch, toolNames }: { watch: WireWatch; toolNames: string[] },
): Promise<Opened | { refused: Refused }> {
  const events = readEvents(response, { bodyBytesMax, finishGraceMs, toolNames, onBytes: () => watch.onBytes?.() });
  const { value: first } = await events.next();
  assert.ok(first !== undefined, "readEvents returned an answer without an event");
  if (first.kind === "chunk") return { events, first };
  const { message, code } = first.error;
  const status = Number(code ?? 500);
  await events.return();
  return { refused: refusalOf(JSON.stringify({ error: { message } }), status, response.headers) };
}

function toEventStream(response: Response, { events, first }: Opened, watch: WireWatch): Response {
  const encoder = new TextEncoder();
  const write = (controller: ReadableStreamDefaultController<Uint8Array>, event: ReplyEvent) => {
    if (event.kind === "chunk" && event.reasoningField !== undefined) watch.onReasoningField?.(event.reasoningField);
    if (event.kind === "chunk" && event.media !== undefined) watch.onMedia?.(event.media);
    const value = event.kind === "chunk" ? event.value : { error: event.error };
    controller.enqueue(encoder.encode(`data: ${JSON.stringify(value)}\n\n`));
  };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => write(controller, first),
    async pull(controller) {
      const { done, value } = await events.next();
      if (done !== true) return write(controller, value);
      controller.enqueue(encoder.encode("data: [DONE]\n\n"));
      controller.close();
    },
    cancel: async () => {
      await events.return();
    },
  });
  const headers = new Headers(response.headers);
  headers.set("content-type", "text/event-stream");
  for (const name of ["content-length", "content-encoding"]) headers.delete(name);
  return new Response(body, { status: response.status, headers });
}
