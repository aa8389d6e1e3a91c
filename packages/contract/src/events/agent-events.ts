/** Topic `jobs`: agent definitions. The subject is the agent's id. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, JsonFields, Name, Reason, Slug } from "../records/fields.ts";

const topic = "jobs";
const subject = "agent id";
const version = 1;

const defined = { agent: Slug, agentVersion: Count, definition: JsonFields, by: Name };

export const agentDefined = defineEvent({ type: "agent.defined", version, topic, subject, schema: z.object(defined) });

export const agentChanged = defineEvent({
  type: "agent.changed",
  version,
  topic,
  subject,
  schema: z.object({ ...defined, changed: z.array(z.string().max(200)).max(100) }),
});

export const agentRemoved = defineEvent({
  type: "agent.removed",
  version,
  topic,
  subject,
  schema: z.object({ agent: Slug, agentVersion: Count, reason: Reason.optional(), by: Name }),
});

export const agentEvents = [agentDefined, agentChanged, agentRemoved] as const;
