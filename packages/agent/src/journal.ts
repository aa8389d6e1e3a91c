// The public file `@roost/agent/journal`: versions of journals, without the loop that writes them.

export { carryOver, type CarriedStep } from "./loop/carry-over.ts";
export { asksBeforeJobs, loopVersions } from "./loop/loop-versions.ts";
