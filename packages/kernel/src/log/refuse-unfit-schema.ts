/** Decides whether a schema may follow the registered versions of its type. */
import { isDeepStrictEqual } from "node:util";
import { RoostError } from "@roost/base";
import { checkCompatibility, type CompatibilityMode } from "@roost/contract";
import type { EventSchema, RegisteredSchema } from "./event-schema.ts";

export function isUpcast({ version, upcasters }: EventSchema): boolean {
  return upcasters?.[version] !== undefined;
}

export function isSameSchema(row: RegisteredSchema, schema: EventSchema): boolean {
  return (
    row.type === schema.type &&
    row.version === schema.version &&
    row.topic === schema.topic &&
    row.compatibility === schema.compatibility &&
    row.isUpcast === isUpcast(schema) &&
    isDeepStrictEqual(row.schema, schema.schema)
  );
}

/** `versions`: the registered versions, ascending. @throws RoostError `conflict` with the offending path */
export function refuseUnfitSchema(schema: EventSchema, versions: readonly RegisteredSchema[]): void {
  const what = `event "${schema.type}" version ${schema.version}`;
  const newest = versions.at(-1);
  if (newest === undefined) return;
  const refuse = (message: string) => {
    throw new RoostError("conflict", message, { details: { type: schema.type, version: schema.version } });
  };
  if (versions.some((row) => row.version === schema.version))
    refuse(`${what} is registered with another schema: give the changed schema version ${newest.version + 1}`);
  if (schema.version < newest.version)
    refuse(`${what} is not registered, but version ${newest.version} is: versions are registered in order`);
  if (schema.topic !== newest.topic)
    refuse(
      `${what} names topic "${schema.topic}", earlier versions are in "${newest.topic}": a type stays in its topic`,
    );
  // A version with a weaker mode must still satisfy the mode of the one before; the next one need not.
  for (const mode of new Set([newest.compatibility, schema.compatibility])) refuseIncompatible(schema, versions, mode);
}

/** @throws RoostError `conflict` when the definition lacks an upcaster that a registered version needs */
export function refuseMissingUpcasters(schema: EventSchema, versions: readonly RegisteredSchema[]): void {
  const missed = versions.find(
    (row) => row.isUpcast && row.version <= schema.version && schema.upcasters?.[row.version] === undefined,
  );
  if (missed === undefined) return;
  throw new RoostError(
    "conflict",
    `event "${schema.type}" version ${missed.version} needs an upcaster, and the definition of version ${schema.version} has none for it: without it earlier events could not be read`,
  );
}

function refuseIncompatible(schema: EventSchema, versions: readonly RegisteredSchema[], mode: CompatibilityMode): void {
  const { backward, forward } = directionsOf(mode);
  if (backward !== undefined && !isUpcast(schema)) {
    // Versions before an upcaster reach this version through it.
    const barrier = versions.findLastIndex((row) => row.isUpcast);
    judge(schema, versions.slice(Math.max(0, barrier)), backward);
  }
  // Nothing converts for readers of older versions.
  if (forward !== undefined) judge(schema, versions, forward);
}

function directionsOf(mode: CompatibilityMode): { backward?: CompatibilityMode; forward?: CompatibilityMode } {
  switch (mode) {
    case "backward":
    case "backward_transitive":
      return { backward: mode };
    case "forward":
    case "forward_transitive":
      return { forward: mode };
    case "full":
      return { backward: "backward", forward: "forward" };
    case "full_transitive":
      return { backward: "backward_transitive", forward: "forward_transitive" };
    case "none":
      return {};
  }
}

function judge(schema: EventSchema, versions: readonly RegisteredSchema[], mode: CompatibilityMode): void {
  const verdict = checkCompatibility(
    versions.map((row) => row.schema),
    schema.schema,
    mode,
  );
  if (verdict.compatible) return;
  const { path, reason } = verdict;
  const advice = mode.startsWith("backward") ? "; make it compatible, or give the version an upcaster" : "";
  throw new RoostError(
    "conflict",
    `event "${schema.type}" version ${schema.version} is not ${mode} compatible at ${path === "" ? "its root" : path}: ${reason}${advice}`,
    { details: { type: schema.type, version: schema.version, path, reason } },
  );
}
