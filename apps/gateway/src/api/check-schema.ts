import { RoostError } from "@roost/base";
import type { EventSchema } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

/** Of a type that is new: what registration assumes. */
const modeDefault = "backward_transitive";

export function checkSchema({ kernel }: GatewayContext): ApiHandler<"checkSchema"> {
  return async ({ type, ...asked }) => {
    const versions = (await kernel.registry.list()).filter((row) => row.type === type);
    const newest = versions.at(-1);
    const compatibility = asked.compatibility ?? newest?.compatibility ?? modeDefault;
    const version = asked.version ?? (newest?.version ?? 0) + 1;
    const schema = asked.schema as EventSchema["schema"];
    const answer = { version, compatibility, reason: null, path: null };
    if (newest === undefined) return { ...answer, verdict: "new" };
    const isSame = versions.some((row) => row.version === version);
    try {
      await kernel.registry.check({ type, version, topic: asked.topic ?? newest.topic, compatibility, schema });
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
  };
}
