/** Who calls the OpenAI-compatible door, and which models they may name. */
import type { IncomingMessage } from "node:http";
import { isAccessToken } from "@roost/access";
import { RoostError, type JsonObject } from "@roost/base";
import { coversScope } from "@roost/contract";
import type { Caller } from "@roost/proxy";
import { readBearer, type Authentication } from "../../security/create-authentication.ts";

export interface DoorCaller extends Caller {
  /** Of its token; the person's own are all. */
  grants: readonly string[];
  mayName: (model: string) => boolean;
  /** Whether there are models that it may not name. */
  isLimited: boolean;
}

/** A caller with the home's own token, which has no caps. */
export const homeCallerId = "home";

const owner: DoorCaller = {
  id: homeCallerId,
  name: "person:owner",
  scopes: ["all"],
  grants: ["*"],
  mayName: () => true,
  isLimited: false,
};

/** @throws RoostError `unauthenticated`, or `limit_exceeded` after too many wrong keys */
export async function findCaller(authentication: Authentication, request: IncomingMessage): Promise<DoorCaller> {
  if (/[?&](?:api[_-]?key|key|token|access_token)=/i.test(request.url ?? ""))
    throw new RoostError(
      "invalid_input",
      "A key in an address ends in logs and histories: send it as Authorization: Bearer, and revoke this one",
    );
  const given = readBearer(request.headers.authorization ?? "");
  if (given === undefined)
    throw new RoostError(
      "unauthenticated",
      "You didn't provide an API key: send Authorization: Bearer with a key of roost keys create",
    );
  if (!isAccessToken(given)) {
    await authentication.requireHomeToken(given);
    return owner;
  }
  const { id, kind, name, scopes, models } = await authentication.requireAccessToken(given);
  return {
    id,
    name: `${kind}:${name}`,
    scopes: ["all", `key:${id}`],
    grants: scopes,
    mayName: models === null ? () => true : (model) => models.some((pattern) => matches(pattern, model)),
    isLimited: models !== null,
  };
}

/** Before its body is read. @throws RoostError `forbidden` */
export function requireSomeGrant(caller: DoorCaller): void {
  if (!coversScope(caller.grants, "agents:call")) requireGrant(caller, "models:call", "this call");
}

export function requireGrant({ name, grants }: DoorCaller, scope: string, what: string): void {
  if (coversScope(grants, scope)) return;
  throw new RoostError("forbidden", `The key ${name} lacks the scope ${scope}, which ${what} needs`, {
    details: { code: "insufficient_permissions" },
  });
}

/** By which OpenRouter and LiteLLM are told of models that answer in place of the one that is named. */
const furtherModels = ["models", "fallbacks"];

/** @throws RoostError `invalid_input` */
export function refuseFurtherModels({ isLimited }: DoorCaller, body: JsonObject): void {
  const param = isLimited ? furtherModels.find((name) => Object.hasOwn(body, name)) : undefined;
  if (param === undefined) return;
  throw new RoostError("invalid_input", `${param} names models beside the one that this key may use: leave it out`, {
    details: { param },
  });
}

/** As for a model that does not exist: what else there is is not told. */
export function refuseModel(model: string): RoostError {
  const message = `The model "${model.slice(0, 100)}" does not exist or this key may not use it: GET /v1/models lists those that it may`;
  return new RoostError("not_found", message, { details: { code: "model_not_found", param: "model" } });
}

/** `*` stands for any characters. */
function matches(pattern: string, model: string): boolean {
  const parts = pattern.split("*");
  const [first = ""] = parts;
  if (parts.length === 1) return pattern === model;
  if (!model.startsWith(first)) return false;
  let index = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = model.indexOf(part, index);
    if (found < 0) return false;
    index = found + part.length;
  }
  const last = parts.at(-1)!;
  return model.length - last.length >= index && model.endsWith(last);
}
