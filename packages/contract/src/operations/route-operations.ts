/** Routing: whom a question or command is meant for. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { Name, text } from "../records/fields.ts";
import { routeTextCharsMax } from "../records/limits.ts";
import { FoundRoute, routeTargetKinds } from "../records/route.ts";

const asked = text(routeTextCharsMax).min(1).describe("The question or command; of a longer one its beginning");

export const findRoute = defineOperation({
  id: "findRoute",
  method: "GET",
  path: "/route",
  summary:
    "Which agent, domain or skill a question or command is meant for, by words, and by vectors where the home has them; no model is called",
  input: z.object({ text: asked }),
  output: FoundRoute,
  effect: "readonly",
});

export const decideRoute = defineOperation({
  id: "decideRoute",
  method: "POST",
  path: "/route/decisions",
  summary:
    "As findRoute; what it leaves open the small model of the settings decides, in a run of its own, where one is named",
  input: z.object({ text: asked }),
  output: FoundRoute,
  effect: "unsafe",
  access: { audience: decidingKinds },
});

export const correctRoute = defineOperation({
  id: "correctRoute",
  method: "POST",
  path: "/route/corrections",
  summary: "Says whom a text was meant for; later ones like it are decided so",
  input: z.object({
    text: asked,
    kind: z.enum(routeTargetKinds).optional().describe("Default: the one that there is of this name"),
    id: Name,
  }),
  output: z.object({ text: asked, kind: z.enum(routeTargetKinds), id: Name }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds },
});

export const routeOperations = [findRoute, decideRoute, correctRoute] as const;
