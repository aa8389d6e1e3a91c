/** Registered event schemas, and checks of new ones. */
import { RoostError } from "@roost/base";
import { pageByName, serve, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { EventSchema, Kernel } from "@roost/kernel";
import { toWire } from "../records/to-wire.ts";

/** For a new type: the default of registration. */
const modeDefault = "backward_transitive";

export function serveSchemas({ kernel: { registry } }: { kernel: Pick<Kernel, "registry"> }): Served[] {
  return [
    serve(operations.listSchemas, async ({ limit, after, type }) => {
      const all = (await registry.list()).filter((schema) => type === undefined || schema.type === type);
      const keyOf = (schema: { type: string; version: number }) =>
        `${schema.type}/${String(schema.version).padStart(6, "0")}`;
      const { rows, next } = pageByName(all, { limit, after }, keyOf);
      return toPage(toWire(rows), next);
    }),

    serve(operations.checkSchema, async ({ type, ...asked }) => {
      const versions = (await registry.list()).filter((row) => row.type === type);
      const newest = versions.at(-1);
      const compatibility = asked.compatibility ?? newest?.compatibility ?? modeDefault;
      const version = asked.version ?? (newest?.version ?? 0) + 1;
      const schema = asked.schema as EventSchema["schema"];
      const answer = { version, compatibility, reason: null, path: null };
      if (newest === undefined) return { ...answer, verdict: "new" };
      const isSame = versions.some((row) => row.version === version);
      try {
        await registry.check({ type, version, topic: asked.topic ?? newest.topic, compatibility, schema });
        return { ...answer, verdict: isSame ? "same" : "compatible" };
      } catch (error) {
        if (!(error instanceof RoostError) || error.code !== "conflict") throw error;
        const path = error.details?.["path"];
        return {
          ...answer,
          verdict: "refused",
          reason: error.message.slice(0, 2000),
          path: typeof path === "string" ? path : null,
        };
      }
    }),
  ];
}
