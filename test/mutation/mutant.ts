/** One guard of the kernel taken away, alone, by its text, and which tests notice. */
export interface Mutant {
  /** The guard that is removed. */
  name: string;
  edits: readonly Edit[];
  /** The file of tests that notices. */
  tests: string;
  /** Titles of tests that go red. */
  kills: readonly string[];
  /** Titles of tests of the same file that stay green: the mutant is a subtle fault, not a broken program. */
  spares: readonly string[];
}

export interface Edit {
  /** From the root of the repository; a module, or SQL that is read at the start. */
  file: string;
  find: string;
  replace: string;
  /** How often `find` stands in the file. */
  count: number;
}

/** Rooms beside the kernel whose files are named by them. */
const rooms = ["jobs", "approvals", "memory"];

/** A mutant by edits of the kernel, of jobs, of approvals and of memory, each once unless it says otherwise. */
export function kernelMutant(
  mutant: Omit<Mutant, "edits"> & { edits: readonly (Omit<Edit, "count"> & { count?: number })[] },
): Mutant {
  const inKernel = (path: string) => {
    const room = rooms.find((one) => path.startsWith(`${one}/`));
    return room === undefined ? `packages/kernel/src/${path}` : `packages/${room}/src/${path.slice(room.length + 1)}`;
  };
  return {
    ...mutant,
    tests: inKernel(mutant.tests),
    edits: mutant.edits.map((edit) => ({ count: 1, ...edit, file: inKernel(edit.file) })),
  };
}
