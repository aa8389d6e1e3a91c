/** Topic `routing`: whom a text was meant for, as a person said. The subject is the target: `agent:clerk`. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Name, text } from "../records/fields.ts";
import { routeTextCharsMax } from "../records/limits.ts";

export const routeCorrected = defineEvent({
  type: "route.corrected",
  version: 1,
  topic: "routing",
  subject: "target",
  schema: z.object({ text: text(routeTextCharsMax), target: Name, by: Name }),
});

export const routeEvents = [routeCorrected] as const;
