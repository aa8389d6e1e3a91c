import type { Labels } from "@roost/contract/labels";

const sourcesNamedMax = 5;

/** "web:example.com and web:example.org"; "unknown sources" without any. */
export function nameSources({ sources }: Labels): string {
  if (sources.length === 0) return "unknown sources";
  const named = sources.slice(0, sourcesNamedMax);
  const more = sources.length - named.length;
  if (more > 0) return `${named.join(", ")} and ${more} more`;
  return named.length === 1 ? named[0]! : `${named.slice(0, -1).join(", ")} and ${named.at(-1)!}`;
}
