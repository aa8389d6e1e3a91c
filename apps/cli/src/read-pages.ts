interface PageAsked {
  limit: number;
  after?: string | undefined;
}

interface PageRead<Row> {
  items: Row[];
  next: string | null;
}

const pageLimit = 500;

/** The rows of a list, at most `countMax` of them, one page in memory. */
export async function* eachRow<Row>(
  readPage: (page: PageAsked) => Promise<PageRead<Row>>,
  countMax = Infinity,
): AsyncGenerator<Row> {
  let count = 0;
  let after: string | undefined;
  do {
    const { items, next } = await readPage({ limit: Math.min(countMax - count, pageLimit), after });
    yield* items;
    count += items.length;
    after = next ?? undefined;
  } while (after !== undefined && count < countMax);
}

/** As `eachRow`, all at once. */
export async function readPages<Row>(
  readPage: (page: PageAsked) => Promise<PageRead<Row>>,
  countMax: number,
): Promise<Row[]> {
  return await Array.fromAsync(eachRow(readPage, countMax));
}
