/** Something that a question or command can be meant for. */
export interface RouteTarget {
  /** Unique: `agent:clerk`. */
  id: string;
  /** As people call it: `clerk`, `blog-writer`. */
  name: string;
  /** What it is for, in a sentence. */
  description: string;
  /** What people say when they mean it: at most 50 are read. */
  examples: readonly string[];
}

export const targetLimits = {
  targetsMax: 2_000,
  examplesMax: 50,
  textCharsMax: 2_000,
} as const;
