import { refusedAs, type Finding } from "./found.ts";

/** A part of a home by itself: what cannot be read in its middle costs the rest of this part alone, and is named. */
export async function* apart(where: string, part: Finding): Finding {
  try {
    yield* part;
  } catch (error) {
    yield refusedAs(where, `the rest of it cannot be read (${(error as Error).message})`);
  }
}
