/** What one person is to another, each with its reverse and the words that people write for it. */

export type RelationGroup = "love" | "family" | "friend" | "work" | "other";

export interface RelationType {
  name: string;
  /** What the other is to this one. */
  reverse: string;
  group: RelationGroup;
}

const pairs: readonly [group: RelationGroup, name: string, reverse: string, words: string][] = [
  ["love", "partner", "partner", "significant other, domestic partner, boyfriend, girlfriend, lover"],
  ["love", "spouse", "spouse", "husband, wife, married to"],
  ["love", "fiancé", "fiancé", "fiance, fiancée, fiancee, engaged to"],
  ["love", "ex-partner", "ex-partner", "ex, ex-husband, ex-wife, ex-boyfriend, ex-girlfriend"],
  ["family", "parent", "child", "mother, father, mum, mom, dad"],
  ["family", "sibling", "sibling", "brother, sister"],
  ["family", "grandparent", "grandchild", "grandmother, grandfather, grandma, grandpa"],
  ["family", "uncle or aunt", "nephew or niece", "uncle, aunt"],
  ["family", "cousin", "cousin", ""],
  ["family", "godparent", "godchild", "godmother, godfather"],
  ["family", "step-parent", "step-child", "stepmother, stepfather, stepparent"],
  ["family", "parent-in-law", "child-in-law", "mother-in-law, father-in-law"],
  ["family", "relative", "relative", "family, kin"],
  ["friend", "friend", "friend", ""],
  ["friend", "best friend", "best friend", "bestfriend"],
  ["work", "manager", "report", "boss, superior, line manager"],
  ["work", "colleague", "colleague", "co-worker, coworker"],
  ["work", "mentor", "mentee", "protégé, protege"],
  ["work", "assistant", "principal", ""],
  ["other", "neighbour", "neighbour", "neighbor"],
  ["other", "contact", "contact", "acquaintance, met, related, other"],
];

/** Words for the second of a pair. */
const reverseWords: Record<string, string> = {
  child: "son, daughter",
  grandchild: "grandson, granddaughter",
  "nephew or niece": "nephew, niece",
  godchild: "godson, goddaughter",
  "step-child": "stepson, stepdaughter, stepchild",
  "child-in-law": "son-in-law, daughter-in-law",
  report: "subordinate, direct report, employee",
};

const byWord = new Map<string, RelationType>();
for (const [group, name, reverse, words] of pairs) {
  for (const word of [name, ...list(words)]) byWord.set(word, { name, reverse, group });
  for (const word of [reverse, ...list(reverseWords[reverse])])
    if (!byWord.has(word)) byWord.set(word, { name: reverse, reverse: name, group });
}

/** The types that have a reverse and a group; others are kept as they are written. */
export const relationTypes: readonly RelationType[] = [
  ...new Map([...byWord.values()].map((type) => [type.name, type])).values(),
];

/** `Wife` is a spouse; a word of one's own is its own reverse. */
export function relationTypeOf(word: string): RelationType {
  const name = word.trim().toLowerCase().replaceAll("_", " ").replaceAll(/\s+/g, " ");
  return byWord.get(name) ?? { name, reverse: name, group: "other" };
}

/** All words that people write for a type. */
export function wordsOf(name: string): string[] {
  const words = [...byWord].flatMap(([word, type]) => (type.name === name ? [word] : []));
  return words.length === 0 ? [name] : words;
}

/** Words for a person's partner. */
export const loveNow: readonly string[] = ["partner", "spouse", "fiancé"];

function list(words: string | undefined): string[] {
  return (words ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
