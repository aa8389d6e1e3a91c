/** What the gateway reads from its environment; nothing else in this app reads it. */
import { readHomeConfig, type HomeConfig } from "@roost/models";
import { z } from "zod";

const own = {
  ROOST_HOST: z.string().optional(),
  ROOST_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  /** Of the gateway that this one takes the place of. Set by the supervisor. */
  ROOST_PORT_BEFORE: z.coerce.number().int().min(1).max(65_535).optional(),
  /** The page of a trace at a collector: `{traceId}` stands for its id. */
  ROOST_TRACE_URL: z
    .url({ protocol: /^https?$/ })
    .refine((url) => url.includes("{traceId}"), "must have {traceId} where the id of a trace goes")
    // The console shows it.
    .refine(hasNoLogin, "must have no user and no password in it")
    .optional(),
};

function hasNoLogin(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password } = new URL(url);
  return username === "" && password === "";
}

export const portDefault = 7717;

export type GatewayConfig = HomeConfig<typeof own>;

/** @throws RoostError `invalid_input`, naming every invalid variable */
export function readGatewayConfig(environment: Record<string, string | undefined> = process.env): GatewayConfig {
  return readHomeConfig(own, environment, { process: "gateway" });
}
