/** Who applies the home's files. */
export const homeItself = "home";

/** Whether a set of jobs is a file of the home, or a part of one: others are of no file. */
export function isSourceOfHome(source: string): boolean {
  return /^(?:jobs|agents)\/|^roost\.yaml(?:#|$)/.test(source);
}
