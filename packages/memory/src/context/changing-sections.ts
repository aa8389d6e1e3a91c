/** Sections of a context that change from run to run. */
export const changingNames = {
  earlierRuns: "Earlier runs of this job",
  mainConversation: "The end of the main conversation",
} as const;

const names: ReadonlySet<string> = new Set<string>([...Object.values(changingNames), "MEMORY.md"]);

/** The other sections are definitions and change only when they are edited. */
export function isChangingSection(name: string): boolean {
  return names.has(name) || name.startsWith("memory/");
}
