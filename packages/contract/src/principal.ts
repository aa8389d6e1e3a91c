/** Who calls, and what a caller may call: kinds of principals, scopes, and the one check of both. */
import { RoostError } from "@roost/base/browser";

/**
 * owner: the person, by the home's token. device: a phone or browser of the person. client: a program that the person let in.
 * agent: a run of an agent, at one epoch. service: a domain service. script: a job's program. host: another machine of the home.
 * channel: what other people say reaches Roost through it.
 */
export const principalKinds = ["owner", "device", "client", "agent", "service", "script", "host", "channel"] as const;
export type PrincipalKind = (typeof principalKinds)[number];

/** Who decides for the person: what asks for a decision may not be what gives it. */
export const decidingKinds: readonly PrincipalKind[] = ["owner", "device", "client"];

export interface Principal {
  /** Stable name of the caller, for records: "person:owner", "agent:main". */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** What it was let in for: `*`, `runs:read`, `runs:*`, `*:read`, `peeps.people:read`, `peeps.*:*`. */
  readonly scopes: readonly string[];
  /** Of an agent: the run in which it calls, and the claim of it under which the call was allowed. */
  readonly run?: { readonly id: string; readonly epoch: number } | undefined;
}

export interface Access {
  /** What a caller's scopes have to cover: `<area>:<verb>`; the areas of a domain begin with its name and a dot. */
  readonly scope: string;
  /** The kinds of callers that may call at all. */
  readonly audience: readonly PrincipalKind[];
}

const scopePattern = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)?:[a-z]+$/;

/** Whether it is written as an operation's scope is, without wildcards. */
export function isScope(text: string): boolean {
  return scopePattern.test(text);
}

/** Whether one of the scopes that a caller has covers the one that is asked for. */
export function coversScope(scopes: readonly string[], asked: string): boolean {
  const [area = "", verb = ""] = asked.split(":");
  return scopes.some((scope) => {
    if (scope === "*") return true;
    const [itsArea = "", itsVerb = ""] = scope.split(":");
    if (itsVerb !== "*" && itsVerb !== verb) return false;
    return itsArea === "*" || itsArea === area || (itsArea.endsWith(".*") && area.startsWith(itsArea.slice(0, -1)));
  });
}

/** @throws RoostError `forbidden`, with what the caller lacks */
export function requireAccess(principal: Principal, access: Access, operationId: string): void {
  const { id, kind, scopes } = principal;
  if (!access.audience.includes(kind)) {
    throw new RoostError("forbidden", `${operationId} is not for ${id}: a caller of kind ${kind} may not call it`);
  }
  if (!coversScope(scopes, access.scope)) {
    throw new RoostError("forbidden", `${id} may not call ${operationId}: it lacks the scope ${access.scope}`);
  }
}
