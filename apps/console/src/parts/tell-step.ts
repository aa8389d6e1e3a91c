/** A step's name as people say it: `tool:read_file#2` is `read_file`. */
export function nameStep(name: string): string {
  return name.replace(/^tool:/, "").replace(/#\d+$/, "");
}

/** What a run does at a step. */
export function tellStep(name: string): string {
  if (name.startsWith("context")) return "gathers what it may know";
  if (name.startsWith("model")) return "thinks";
  return name.startsWith("tool:") ? `uses ${nameStep(name)}` : nameStep(name);
}
