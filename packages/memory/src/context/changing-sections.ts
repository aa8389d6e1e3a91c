/** Sections of a context that tell of the moment: what was remembered, what is going on. */
export const changingNames = {
  earlierRuns: "Earlier runs of this job",
  mainConversation: "The end of the main conversation",
} as const;

const names: ReadonlySet<string> = new Set<string>([...Object.values(changingNames), "MEMORY.md"]);

/** The others are definitions: they stay as they are until somebody writes them anew. */
export function isChangingSection(name: string): boolean {
  return names.has(name) || name.startsWith("memory/");
}
