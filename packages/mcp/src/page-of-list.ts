import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";

const pageMax = 200;

/** A page of a list of named things; the cursor is the name of the last one before it. */
export function pageOfList<Item extends { name: string }>(
  items: readonly Item[],
  cursor: string | undefined,
): { page: Item[]; nextCursor?: string } {
  const before = cursor === undefined ? -1 : items.findIndex(({ name }) => name === cursor);
  if (cursor !== undefined && before < 0)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "The cursor is not known: begin the list anew");
  const page = items.slice(before + 1, before + 1 + pageMax);
  const isLast = before + 1 + pageMax >= items.length;
  return isLast ? { page } : { page, nextCursor: page.at(-1)!.name };
}
