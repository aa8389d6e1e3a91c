/** Each guard is removed, and its tests notice. That each is still where its mutant looks for it: mutation.test.ts. */
import { mutants } from "./mutants.ts";
import { takeAwayGuards } from "./take-away-guards.ts";

takeAwayGuards(mutants);
