/** Names that mean something of their own in a home of Roost; agents, jobs and settings of others would act here at once. */
const reserved = /^(?:agents|jobs|services|hooks|work|imported)(?=\/)|^roost\.yaml$/i;

/** Where a file of another home stands here; `from`: the folder for names that mean something else. */
export function placeHere(path: string, from: string): string {
  return reserved.test(path) ? `${from}/${path}` : path;
}
