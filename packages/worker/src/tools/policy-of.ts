/** What an agent's policies say of a call: by the name of its tool, and by what it reaches, however that is spelled. Decides nothing itself. */
import { isIP } from "node:net";
import type { CallPolicy } from "@roost/contract/operations";
import { hostOf } from "../http/host-of.ts";

export interface FoundPolicy {
  pattern: string;
  decision: CallPolicy;
}

type Policies = Readonly<Record<string, CallPolicy>>;

/** A pattern is the name of a tool, or its beginning and *. */
export function fitsTool(pattern: string, tool: string): boolean {
  return pattern === tool || (pattern.endsWith("*") && tool.startsWith(pattern.slice(0, -1)));
}

/**
 * The name itself, else the longest beginning; of one target before that of all. `target`: what the call reaches. What is held back of a host is held
 * back of all its ports, however it is spelled, and of addresses that no policy names, since each may be that host; what is allowed, of this one
 * alone.
 */
export function policyOf(policies: Policies, tool: string, target?: string): FoundPolicy | undefined {
  const patterns = patternsOf(policies, tool);
  const isNamed = nameTarget(patterns, target);
  const fitting = patterns.flatMap(({ pattern, decision, name, named }) => {
    const covers =
      named === undefined ||
      coversTarget(named, target, decision) ||
      (!isNamed && decision !== "allow" && mayBe(named, target));
    if (!covers) return [];
    const rank = (name === tool ? 1_000 : 3 * name.length) + (named === undefined ? 0 : named === target ? 2 : 1);
    return [{ pattern, decision, rank }];
  });
  return fitting.toSorted((left, right) => right.rank - left.rank)[0];
}

/**
 * Hosts that policies hold back of a tool, and that a call of this target might reach by another name. None where a policy names the target itself:
 * that policy decides. `isAllowed`: a person was asked about the call, so that only what is denied is left.
 */
export function heldHosts(
  policies: Policies,
  tool: string,
  { target, isAllowed = false }: { target: string; isAllowed?: boolean | undefined },
): string[] {
  const patterns = patternsOf(policies, tool);
  if (nameTarget(patterns, target)) return [];
  const asked = placeOf(target);
  const named = patterns.flatMap(({ named: host }) => (host === undefined ? [] : [placeOf(host)]));
  const names = new Set(named.filter((host) => isPortOf(host, asked)).map(({ name }) => name));
  return [...names].filter((name) => {
    if (name === "" || isIP(name) !== 0) return false;
    const decision = policyOf(policies, tool, asked.port === undefined ? name : `${name}:${asked.port}`)?.decision;
    return decision === "deny" || (!isAllowed && (decision === "ask" || decision === "ask-when-tainted"));
  });
}

interface FittingPattern extends FoundPolicy {
  /** Of the tool, as the pattern has it. */
  name: string;
  /** What it reaches; undefined: anything. */
  named: string | undefined;
}

function patternsOf(policies: Policies, tool: string): FittingPattern[] {
  return Object.entries(policies).flatMap(([pattern, decision]) => {
    const [name = "", ...rest] = pattern.split("@");
    const named = rest.length === 0 ? undefined : rest.join("@");
    return fitsTool(name, tool) ? [{ pattern, decision, name, named }] : [];
  });
}

function nameTarget(patterns: readonly FittingPattern[], target: string | undefined): boolean {
  return patterns.some(({ named, decision }) => named !== undefined && coversTarget(named, target, decision));
}

function coversTarget(named: string, target: string | undefined, decision: CallPolicy): boolean {
  if (named === target || decision === "allow") return named === target;
  if (target === undefined) return false;
  const [asked, held] = [placeOf(target), placeOf(named)];
  return folded(named) === folded(target) || (held.name !== "" && held.name === asked.name && isPortOf(held, asked));
}

/** As a disk has it that tells no cases apart, without a `./` at its beginning. */
function folded(text: string): string {
  const upper = text.normalize("NFKC").toUpperCase();
  return upper.toLowerCase().replace(/^(?:\.\/)+/, "");
}

/** An address says nothing of whose it is. */
function mayBe(named: string, target: string | undefined): boolean {
  const [asked, held] = [placeOf(target ?? ""), placeOf(named)];
  return isIP(asked.name) !== 0 && held.name !== "" && isIP(held.name) === 0 && isPortOf(held, asked);
}

interface Place {
  /** "": it is no host. */
  name: string;
  port: string | undefined;
}

function placeOf(text: string): Place {
  const host = isIP(text) === 6 ? `[${text}]` : text;
  const name = host.includes("/") ? "" : hostOf(`http://${host}`).replace(/:\d+$/, "");
  return { name: name.replace(/^\[|\]$/g, ""), port: /:(\d+)$/.exec(host)?.[1] };
}

/** A target names no port where it is the one of its scheme, which may be either. */
function isPortOf(held: Place, asked: Place): boolean {
  const isUsual = asked.port === undefined && (held.port === "80" || held.port === "443");
  return held.port === undefined || held.port === asked.port || isUsual;
}
