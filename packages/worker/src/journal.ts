/**
 * The public file `@roost/worker/journal`: which journals this program continues, and what happens to others. Loads no tools and no models, so that
 * a gateway can use it.
 */
export { carryOverJournal } from "./journals/carry-over-journal.ts";
export { createJournalLoops } from "./journals/create-journal-loops.ts";
export { loopVersions } from "@roost/agent/journal";
