import type { RunSummary } from "@roost/contract/operations";

const ended: RunSummary["state"][] = ["done", "failed", "cancelled", "diverged", "outdated"];

/** What the whole console asks for at once. The page of Now has it fetched before the first script runs, so that its addresses are the same to the letter. */
export const feedAsks = {
  listActivity: { limit: 500 },
  getStatus: {},
  listRuns: { state: ended, limit: 25 },
  listInbox: {},
};

/** What `chat:sessions` is read with, wherever it is shown: the page of the chat has it fetched early too. */
export const sessionsAsk = { limit: 200 };
