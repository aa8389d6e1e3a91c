/** Sections of a context that tell of the moment: what was remembered, what is going on. */
export const livingNames = {
  earlierRuns: "Earlier runs of this job",
  overheard: "The end of the main conversation",
} as const;

const names: ReadonlySet<string> = new Set<string>([...Object.values(livingNames), "MEMORY.md"]);

/** The others are definitions: they stay as they are until somebody writes them anew. */
export function isLivingSection(name: string): boolean {
  return names.has(name) || name.startsWith("memory/");
}
