/** Reads the rows of a list page by page, at most `countMax` of them. */
export async function readPages<Page extends { next: string | null }, Row>(
  readPage: (page: { limit: number; after?: string | undefined }) => Promise<Page>,
  rowsOf: (page: Page) => Row[],
  countMax: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | undefined;
  do {
    const limit = Math.min(countMax - rows.length, pageLimit);
    const page: Page = await readPage({ limit, after });
    rows.push(...rowsOf(page));
    after = page.next ?? undefined;
  } while (after !== undefined && rows.length < countMax);
  return rows;
}

const pageLimit = 500;

/** All rows of a list, one page in memory. */
export async function* eachRow<Row>(
  readPage: (page: { limit: number; after?: string | undefined }) => Promise<{ items: Row[]; next: string | null }>,
): AsyncGenerator<Row> {
  let after: string | undefined;
  do {
    const { items, next } = await readPage({ limit: pageLimit, after });
    yield* items;
    after = next ?? undefined;
  } while (after !== undefined);
}
