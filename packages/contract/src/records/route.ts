/** Which agent or domain a question or command is meant for. */
import { z } from "zod";
import { Name, Reason } from "./fields.ts";

export const routeTargetKinds = ["agent", "service"] as const;

const target = {
  kind: z.enum(routeTargetKinds),
  id: Name.describe("Of the agent, or name of the service"),
  title: Name,
};

export const RouteNear = z
  .object({ ...target, probability: z.number().min(0).max(1).describe("Among all targets") })
  .meta({ id: "RouteNear" });

export const FoundRoute = z
  .object({
    state: z
      .enum(["decided", "unsure", "none"])
      .describe("decided: it is meant for `target`; unsure: ask which of `near`; none: for none of them"),
    target: z.object(target).meta({ id: "RouteTarget" }).nullable(),
    why: Reason.nullable().describe("Why it was decided so"),
    near: z.array(RouteNear).describe("The likeliest, best first, at most 5"),
  })
  .meta({ id: "FoundRoute" });
export type FoundRouteRecord = z.output<typeof FoundRoute>;
