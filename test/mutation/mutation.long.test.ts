/** Each guard is taken away and missed. That each still stands where its mutant looks for it: mutation.test.ts. */
import { mutants } from "./mutants.ts";
import { takeAwayGuards } from "./take-away-guards.ts";

takeAwayGuards(mutants);
