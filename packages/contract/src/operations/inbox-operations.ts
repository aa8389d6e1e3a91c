/** What waits for the person, and what the person allowed beyond one call. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { Name, pageFields, pageOf, ref } from "../records/fields.ts";
import { InboxEntry } from "../records/inbox.ts";
import { Grant } from "../records/notice.ts";

export const listInbox = defineOperation({
  id: "listInbox",
  method: "GET",
  path: "/inbox",
  summary: "What waits for the person: calls to approve, questions, unknown outcomes, unread failures, claimed facts",
  description:
    "Oldest first; facts that others claim, which hold nothing up, come last, for callers that may list facts.",
  input: z.object({ limit: pageFields.limit }),
  output: z.object({ items: z.array(InboxEntry), isMore: z.boolean().describe("More wait than these") }),
  effect: "readonly",
});

export const readFailure = defineOperation({
  id: "readFailure",
  method: "POST",
  path: "/inbox/failures/{what}/read",
  summary: "Takes a failure off the inbox; it stays in the status until it is over, and comes back when it begins anew",
  input: z.object({ what: Name.describe("`job:backup`, `model`, `webhook`") }),
  output: z.object({ what: Name }),
  errors: ["not_found"],
  effect: "idempotent",
  access: { audience: decidingKinds, isDecision: true },
});

export const listGrants = defineOperation({
  id: "listGrants",
  method: "GET",
  path: "/grants",
  summary: "What the person allowed beyond one call, newest first",
  input: z.object({ ...pageFields, isLive: z.boolean().default(true).describe("Only what still allows something") }),
  output: pageOf(Grant),
  effect: "readonly",
});

export const revokeGrant = defineOperation({
  id: "revokeGrant",
  method: "POST",
  path: "/grants/{grantId}/revoke",
  summary: "Takes a grant back: the next such call asks again",
  input: z.object({ grantId: ref("Grant") }),
  output: z.object({ grant: Grant }),
  errors: ["not_found"],
  effect: "idempotent",
  access: { audience: decidingKinds },
});

export const inboxOperations = [listInbox, readFailure, listGrants, revokeGrant] as const;
