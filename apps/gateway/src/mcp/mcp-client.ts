/** Who calls by the Model Context Protocol, and what it may know. The caller is a model, whosever token it has, and never counts as the person. */
import { RoostError, toRoostError } from "@roost/base";
import { coversScope, type Principal } from "@roost/contract";
import { covers, type Clearance, type Labels } from "@roost/contract/labels";
import type { McpCaller } from "@roost/mcp";
import { clearanceOf, type Viewer } from "@roost/memory";
import { maySeeMain } from "../security/may-see-main.ts";
import { isPerson } from "../security/told-to.ts";

export interface McpClient extends McpCaller {
  /** In whose name operations are called. */
  principal: Principal;
  /** As whom files of the home are read. */
  viewer: Viewer;
  clearance: Clearance;
}

const kinds: ReadonlySet<string> = new Set(["owner", "device", "client", "script", "host"]);

/** @throws RoostError `forbidden` for agents, services and channels: they have their tools */
export function toMcpClient(principal: Principal): McpClient {
  if (!kinds.has(principal.kind))
    throw new RoostError(
      "forbidden",
      `Callers of kind ${principal.kind} are not served at /mcp: use a key of a program`,
    );
  const isOwn = isPerson(principal);
  const caller: Principal = isOwn ? { id: "client:mcp", kind: "client", scopes: principal.scopes } : principal;
  const knowsAll = maySeeMain(caller.scopes);
  const viewer: Viewer = knowsAll ? { kind: "main" } : { kind: "channel", sessionKey: caller.id };
  const domains = caller.scopes.flatMap((scope) => /^([a-z][a-z0-9-]*)\./.exec(scope)?.[1] ?? []);
  const clearance: Clearance = knowsAll
    ? "all"
    : [...(clearanceOf(viewer) as readonly string[]), ...domains.map((domain) => `domain:${domain}`)];
  // Sessions belong to who opened them, with its scopes: neither to another device nor to a later key of the same name that may do less.
  return { id: `${principal.id} ${principal.scopes.toSorted().join(" ")}`, principal: caller, viewer, clearance };
}

export function hasScope({ principal }: McpClient, scope: string): boolean {
  return coversScope(principal.scopes, scope);
}

/** Whether it is refused in a way of which the client is told only that there is nothing: what it may not read is not there for it. */
export function isHidden(thrown: unknown): boolean {
  return ["not_found", "forbidden", "invalid_input"].includes(toRoostError(thrown).code);
}

export function isClearedFor({ clearance }: McpClient, labels: Labels): boolean {
  return covers(clearance, labels);
}
