/**
 * `/v1`: what OpenAI's clients call. Answers on the server's own request and response: a call that is passed on must not cost more than
 * it has to. Decides who may call what; proxy and agents answer.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { proxyPaths, sendJson, sendOpenAiError, toOpenAiError, type Proxy, type ProxyPath } from "@roost/proxy";
import { checkOrigin, type Arrival, type OriginRules } from "../security/check-origin.ts";
import type { Authentication } from "../security/create-authentication.ts";
import { closeUnlessAllowed } from "../streams/while-allowed.ts";
import type { AgentDoor } from "./agents/create-agent-door.ts";
import {
  findCaller,
  refuseFurtherModels,
  refuseModel,
  requireGrant,
  requireSomeGrant,
  type DoorCaller,
} from "./callers/find-caller.ts";
import { takeOfAddress, takeOfCaller, type DoorRates } from "./callers/door-rates.ts";
import { createBodyReader } from "./create-body-reader.ts";

export interface OpenAiDoorOptions {
  proxy: Proxy;
  agents: AgentDoor;
  authentication: Authentication;
  origin: () => OriginRules;
  logger: Logger;
  /** The same buckets as elsewhere. */
  rates: DoorRates;
}

/** Answers a request under `/v1`; false for any other. `onCaller` hears whether its caller was authenticated. */
export type OpenAiDoor = (
  request: IncomingMessage,
  response: ServerResponse,
  onCaller: (isKnown: boolean) => void,
) => boolean;

const prefix = "/v1/";
const modelsPath = "/models";
const proxied: ReadonlySet<string> = new Set(proxyPaths);

export function createOpenAiDoor(options: OpenAiDoorOptions): OpenAiDoor {
  const { proxy, agents, authentication, origin, logger, rates } = options;
  const bodies = createBodyReader();

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    { path, arrival, onCaller }: { path: string; arrival: Arrival; onCaller: (isKnown: boolean) => void },
  ): Promise<void> {
    if (request.headers.authorization === undefined) takeOfAddress(rates, arrival);
    const caller = await findCaller(authentication, request);
    takeOfCaller(rates, caller, response);
    closeUnlessAllowed(response, () => findCaller(authentication, request));
    // Before a stream that lasts: it counts as a caller's connection from its beginning.
    onCaller(true);
    if (request.method === "GET" && (path === modelsPath || path.startsWith(`${modelsPath}/`)))
      return sendModels(response, await listModels(caller), path.slice(modelsPath.length + 1));
    const [, id, verb] = /^\/responses\/([\w-]{1,200})(\/cancel)?$/.exec(path) ?? [];
    if (id !== undefined && request.method === (verb === undefined ? "GET" : "POST")) {
      if (verb !== undefined) return await agents.cancelResponse({ caller, response, id });
      const isStreamed = /[?&]stream=true\b/.test(request.url ?? "");
      return await agents.readResponse({ caller, response, id, isStreamed });
    }
    if (request.method !== "POST" || !proxied.has(path)) throw refusePath(request, path);
    requireSomeGrant(caller);
    const { text, body, release } = await bodies.read(request, caller.id);
    try {
      const model = body["model"];
      if (typeof model !== "string" || model === "")
        throw new RoostError("invalid_input", "you must provide a model parameter", { details: { param: "model" } });
      if (!caller.mayName(model)) throw refuseModel(model);
      refuseFurtherModels(caller, body);
      if (agents.isAgent(model))
        return await agents.answer({ path: path as ProxyPath, text, body, request, response, caller });
      requireGrant(caller, "models:call", "this model");
      await proxy.call({ path: path as ProxyPath, text, body, headers: request.headers, caller, response });
    } finally {
      release();
    }
  }

  async function listModels(caller: DoorCaller): Promise<Model[]> {
    const names = [...(await agents.listModels(caller)), ...(await proxy.listModels())];
    return names
      .filter(caller.mayName)
      .map((id) => ({ id, object: "model", created: 0, owned_by: id.split("/")[0] ?? id }));
  }

  return (request, response, onCaller) => {
    const { url = "" } = request;
    if (!url.startsWith(prefix)) return false;
    void (async () => {
      let isKnown = false;
      const onAnswer = (isCaller: boolean) => onCaller((isKnown = isCaller));
      try {
        const arrival = checkOrigin({ get: (name) => headerOf(request, name) }, origin(), request.socket);
        const query = url.indexOf("?");
        const path = url.slice(prefix.length - 1, query < 0 ? undefined : query);
        await answer(request, response, { path, arrival, onCaller: onAnswer });
      } catch (error) {
        const told = toOpenAiError(error);
        if (!isKnown) onCaller(false);
        if (toRoostError(error).code === "internal") logger.error("A call of /v1 failed", { error });
        if (response.headersSent || response.destroyed) response.destroy();
        else {
          // What of the body was not read would be taken for the next request.
          if (!request.complete) response.setHeader("connection", "close");
          sendOpenAiError(response, told);
        }
      }
    })();
    return true;
  };
}

interface Model {
  id: string;
  object: "model";
  created: number;
  owned_by: string;
}

function sendModels(response: ServerResponse, models: readonly Model[], id: string): void {
  if (id === "") return sendJson(response, 200, { object: "list", data: models });
  const name = decodeName(id);
  const found = models.find((model) => model.id === name);
  if (found === undefined) throw refuseModel(name);
  sendJson(response, 200, found);
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" ? value : null;
}

function refusePath({ method = "" }: IncomingMessage, path: string): RoostError {
  const isKnown = proxied.has(path) || path === modelsPath;
  return new RoostError("not_found", `Invalid URL (${method} /v1${path.slice(0, 200)})`, {
    details: isKnown ? { httpStatus: 405 } : { code: "unknown_url" },
  });
}
