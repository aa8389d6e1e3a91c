/** Names of others as ids here. */
import { createHash } from "node:crypto";

export const slugPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const slugCharsMax = 50;

/** Its own id where valid here, and not `taken`; else a similar one that no other id maps to. */
export function slugOf(id: string, { taken }: { taken?: string } = {}): string {
  if (slugPattern.test(id) && id !== taken) return id;
  const readable = id
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, slugCharsMax);
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return readable === "" ? `job-${hash}` : `${readable}-${hash}`;
}
