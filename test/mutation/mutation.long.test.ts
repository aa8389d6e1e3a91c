/** The guards that mutation.test.ts leaves: every other one of each kind. */
import { firstOfKinds, mutants } from "./mutants.ts";
import { takeAwayGuards } from "./take-away-guards.ts";

takeAwayGuards(mutants.filter((mutant) => !firstOfKinds.includes(mutant)));
