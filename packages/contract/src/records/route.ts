/** Which agent, domain or skill a question or command is meant for. */
import { z } from "zod";
import { Name, Reason } from "./fields.ts";

export const routeTargetKinds = ["agent", "service", "skill"] as const;

const target = {
  kind: z.enum(routeTargetKinds),
  id: Name.describe("Of the agent, or name of the service or skill"),
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
    advice: z
      .enum(["go", "ask", "stay"])
      .describe(
        "For a message whose sender did not ask to be routed. go: it is named, or said almost in words that mean it; ask: it may be meant for one of `near`; stay: it is main's",
      ),
    target: z.object(target).meta({ id: "RouteTarget" }).nullable(),
    why: Reason.nullable().describe("Why it was decided so"),
    near: z.array(RouteNear).describe("The likeliest, best first, at most 5"),
  })
  .meta({ id: "FoundRoute" });
export type FoundRouteRecord = z.output<typeof FoundRoute>;
