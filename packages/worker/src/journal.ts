/**
 * The public file `@roost/worker/journal`: which journals this program goes on with, and what becomes of the others. It loads no tools
 * and no models, so that a gateway can use it.
 */
export { carryOverJournal } from "./journals/carry-over-journal.ts";
export { createJournalLoops } from "./journals/create-journal-loops.ts";
export { loopVersions } from "@roost/agent/journal";
