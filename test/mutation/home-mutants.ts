/** A database belongs to one home, and to one running copy of it. */
import { kernelMutant, type Mutant } from "./mutant.ts";

const onlyHome = "holdHome() gives a database to its first home and refuses every other one by name";
const onlyCopy = "holdHome() refuses a copy of a home while that one is running";

export const homeMutants: readonly Mutant[] = [
  kernelMutant({
    name: "home: another one is refused",
    edits: [
      {
        file: "memory/home/hold-home.ts",
        find: "if (!isThisHome(known, { id, place, path }, host)) throw belongsToAnother(known);",
        replace: "",
      },
    ],
    tests: "memory/home/hold-home.test.ts",
    kills: [onlyHome],
    spares: [onlyCopy],
  }),
  kernelMutant({
    name: "home: a copy is refused while the other runs",
    edits: [
      {
        file: "memory/home/hold-home.ts",
        find: "if (free?.isFree !== true) throw isCopied(known, path);",
        replace: "if (free === undefined) throw isCopied(known, path);",
      },
    ],
    tests: "memory/home/hold-home.test.ts",
    kills: [onlyCopy],
    spares: [onlyHome],
  }),
];
