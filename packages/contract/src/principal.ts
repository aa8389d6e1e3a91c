/** Callers and their permissions: kinds of principals, scopes, and the check of both. */
import { RoostError } from "@roost/base/browser";
import type { Clearance, Labels } from "./labels.ts";

/**
 * owner: the person, by the home's token. device: the person's phone or browser. client: a program that the person authorized. agent: a run of an
 * agent, at one epoch. service: a domain service. script: a job's program. host: another machine of the home. channel: messages of other people.
 */
export const principalKinds = ["owner", "device", "client", "agent", "service", "script", "host", "channel"] as const;
export type PrincipalKind = (typeof principalKinds)[number];

/** Kinds that decide for the person: the requester of an approval must not be able to grant it. */
export const decidingKinds: readonly PrincipalKind[] = ["owner", "device", "client"];

export interface Principal {
  /** Stable name of the caller, for records: "person:owner", "agent:main". */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** Granted scopes: `*`, `runs:read`, `runs:*`, `*:read`, `peeps.people:read`, `peeps.*:*`. */
  readonly scopes: readonly string[];
  readonly run?: CallingRun | undefined;
}

/** The run in whose name an agent calls, and the epoch under which the call was allowed. */
export interface CallingRun {
  readonly id: string;
  readonly epoch: number;
  /** What the run knew when the call was accepted: what the call writes carries these labels. */
  readonly labels?: Labels | undefined;
  /** What the run may be told. */
  readonly clearance?: Clearance | undefined;
}

export interface Access {
  /** The required scope: `<area>:<verb>`; areas of a domain begin with its name and a dot. */
  readonly scope: string;
  /** The kinds of callers that may call. */
  readonly audience: readonly PrincipalKind[];
}

const scopePattern = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)?:[a-z]+$/;

/** Whether it has the form of an operation's scope, without wildcards. */
export function isScope(text: string): boolean {
  return scopePattern.test(text);
}

/** Whether one of the granted scopes covers the requested one. */
export function coversScope(scopes: readonly string[], asked: string): boolean {
  const [area = "", verb = ""] = asked.split(":");
  return scopes.some((scope) => {
    if (scope === "*") return true;
    const [itsArea = "", itsVerb = ""] = scope.split(":");
    if (itsVerb !== "*" && itsVerb !== verb) return false;
    return itsArea === "*" || itsArea === area || (itsArea.endsWith(".*") && area.startsWith(itsArea.slice(0, -1)));
  });
}

export function mayCall({ kind, scopes }: Principal, { audience, scope }: Access): boolean {
  return audience.includes(kind) && coversScope(scopes, scope);
}

/** @throws RoostError `forbidden`, naming what the caller lacks */
export function requireAccess(principal: Principal, access: Access, operationId: string): void {
  const { id, kind } = principal;
  if (!access.audience.includes(kind)) {
    throw new RoostError("forbidden", `${operationId} is not open to ${id}: callers of kind ${kind} may not call it`);
  }
  requireScope(principal, access.scope, operationId);
}

/** Of an operation, or of a part of it that takes another scope. @throws RoostError `forbidden`, naming what the caller lacks */
export function requireScope({ id, scopes }: Principal, scope: string, operationId: string): void {
  if (coversScope(scopes, scope)) return;
  throw new RoostError("forbidden", `${id} may not call ${operationId}: it lacks the scope ${scope}`);
}
