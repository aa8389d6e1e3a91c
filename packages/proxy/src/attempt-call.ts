/** One attempt of a call with one server. What the server answers goes to the caller as it comes; a refusal comes back whole, so that another may be asked. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import type { Upstream } from "./upstream.ts";
import { createTail } from "./create-tail.ts";
import type { UsageFilter } from "./create-usage-filter.ts";

export type AttemptEnd =
  /** Before the first byte of an answer. */
  | { kind: "refused"; status: number; headers: IncomingHttpHeaders; body: Buffer }
  /** `wasSent`: the server may have carried it out. */
  | { kind: "unreachable"; error: Error; wasSent: boolean }
  /** It was not asked: other calls have it. */
  | { kind: "busy"; waitedMs: number }
  /** The answer was passed on; `isCut`: not to its end. */
  | {
      kind: "answered";
      status: number;
      contentType: string;
      /** Its end, or all of it. */
      kept: Buffer;
      isCut: boolean;
      firstByteMs: number;
    };

export interface UpstreamAttempt {
  path: string;
  body: string;
  headers: Readonly<Record<string, string>>;
  response: ServerResponse;
  /** Beside what the server sends. */
  answerHeaders: Readonly<Record<string, string>>;
  filter: UsageFilter | undefined;
  startedMs: number;
}

const refusalBytesMax = 65_536;
/** Of an answer, kept to read its usage; of a longer one the end, up to twice as much. */
const keptBytesMax = 4 * 1_048_576;
/** What a server says about the call and its limits. Nothing that sets state in a browser, or is of one connection. */
const passedHeaders =
  /^(?:content-type|content-length|content-disposition|retry-after|x-request-id|openai-[\w-]+|x-ratelimit-[\w-]+|x-should-retry)$/;

export async function attemptCall(upstream: Upstream, options: UpstreamAttempt): Promise<AttemptEnd> {
  const pool = await upstream.pool();
  return new Promise((resolve) => {
    pool.dispatch(
      {
        path: `${upstream.basePath}${options.path}`,
        method: "POST",
        headers: { ...options.headers, ...upstream.headers },
        body: options.body,
        headersTimeout: upstream.silenceMsMax,
        bodyTimeout: upstream.silenceMsMax,
      },
      createHandler({ ...options, unreadMsMax: upstream.silenceMsMax }, resolve),
    );
  });
}

interface PassedAttempt extends UpstreamAttempt {
  /** A caller that reads nothing for so long is given up: the server, and its turn, are held meanwhile. */
  unreadMsMax: number;
}

function createHandler(options: PassedAttempt, resolve: (end: AttemptEnd) => void): Dispatcher.DispatchHandler {
  const { response, filter } = options;
  const kept = createTail(keptBytesMax);
  let refusedBytes = 0;
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  let firstByteMs = -1;
  const isRefusal = () => status < 200 || status > 299;

  const begin = () => {
    firstByteMs = performance.now() - options.startedMs;
    response.writeHead(status, headOf(headers, options));
  };
  const refused = () => resolve({ kind: "refused", status, headers, body: kept.bytes() });
  const answered = (isCut: boolean) =>
    resolve({
      kind: "answered",
      status,
      contentType: headers["content-type"] ?? "",
      kept: kept.bytes(),
      isCut,
      firstByteMs,
    });

  let unread: NodeJS.Timeout | undefined;
  let wasSent = false;
  return {
    onRequestStart(controller) {
      if (response.destroyed) return controller.abort(new Error("the caller left"));
      wasSent = true;
      response.once("close", () => {
        if (!response.writableFinished && !controller.aborted) controller.abort(new Error("the caller left"));
      });
    },
    onResponseStart(_controller, code, given) {
      status = code;
      headers = given;
    },
    onResponseData(controller, chunk) {
      if (isRefusal()) {
        kept.push(chunk);
        refusedBytes += chunk.length;
        if (refusedBytes < refusalBytesMax) return;
        // It may never end.
        refused();
        controller.abort(new Error("the refusal is too long"));
        return;
      }
      kept.push(chunk);
      if (firstByteMs < 0) begin();
      const passed = filter === undefined ? chunk : filter.push(chunk);
      if (passed === undefined || response.write(passed)) return;
      unread = pauseUntilRead(controller, options);
    },
    onResponseEnd() {
      if (isRefusal()) return refused();
      if (firstByteMs < 0) begin();
      response.end(filter?.end());
      answered(false);
    },
    onResponseError(_controller, error) {
      clearTimeout(unread);
      if (firstByteMs < 0) return resolve({ kind: "unreachable", error, wasSent });
      // Broken off as the server broke it off: the caller must not take it for whole.
      response.destroy();
      answered(true);
    },
  };
}

function headOf(
  headers: IncomingHttpHeaders,
  { answerHeaders, filter }: Pick<UpstreamAttempt, "answerHeaders" | "filter">,
): Record<string, string> {
  const head: Record<string, string> = { ...answerHeaders };
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string" && passedHeaders.test(name)) head[name] = value;
  }
  if (filter !== undefined) delete head["content-length"];
  return head;
}

function pauseUntilRead(
  controller: Dispatcher.DispatchController,
  { response, unreadMsMax }: Pick<PassedAttempt, "response" | "unreadMsMax">,
): NodeJS.Timeout {
  controller.pause();
  const unread = setTimeout(() => controller.abort(new Error("the caller does not read the answer")), unreadMsMax);
  response.once("drain", () => {
    clearTimeout(unread);
    controller.resume();
  });
  return unread;
}
