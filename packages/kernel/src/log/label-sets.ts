/**
 * Label sets by number, as rows name them. A set never changes, so each process caches those it has seen; one stored by a transaction counts only
 * after the commit.
 */
import {
  covers,
  formatLabels,
  missingLabels,
  openLabels,
  parseLabels,
  type Clearance,
  type Labels,
} from "@roost/contract/labels";
import type { Sql } from "@roost/database";

/** Fixed by the migration that made the table. */
export const labelSetNumbers = {
  /** `aud:main trust:untrusted`: the default of every row. */
  missing: 1,
  /** `trust:owner`: facts that Roost itself vouches for, open to every session. */
  open: 2,
} as const;

/** Cached sets; the oldest are dropped first. */
const keptMax = 10_000;

export interface LabelSets {
  /** The number, if this process knows it. */
  find(labels: Labels): number | undefined;
  /** Numbers in the order of the sets; new ones are stored. In a transaction, `remember` follows its commit. */
  number(sql: Sql, sets: readonly Labels[]): Promise<number[]>;
  remember(sets: readonly Labels[], numbers: readonly number[]): void;
  /** Numbers of the sets that a session of this clearance may read; undefined: all. */
  covered(sql: Sql, clearance: Clearance): Promise<number[] | undefined>;
  /** The labels of a number. An unknown number counts as missing labels. */
  read(sql: Sql, number: number): Promise<Labels>;
}

export function createLabelSets(): LabelSets {
  const numbers = new Map<string, number>();
  const sets = new Map<number, Labels>();
  const keep = (labels: Labels, number: number) => {
    const text = textOf(labels);
    if (numbers.size >= keptMax) {
      const [oldest, itsNumber] = numbers.entries().next().value!;
      numbers.delete(oldest);
      sets.delete(itsNumber);
    }
    numbers.set(text, number);
    sets.set(number, labels);
  };
  keep(missingLabels, labelSetNumbers.missing);
  keep(openLabels, labelSetNumbers.open);
  return {
    find: (labels) => numbers.get(textOf(labels)),
    async number(sql, wanted) {
      const known = wanted.map((labels) => numbers.get(textOf(labels)));
      if (known.every((number) => number !== undefined)) return known;
      const [row] = await sql.query<{ numbers: number[] }>(
        "select roost.number_label_sets_1($1::text[]) as numbers",
        [wanted.map(textOf)],
        { name: "roost_number_label_sets" },
      );
      return row!.numbers;
    },
    remember(stored, itsNumbers) {
      for (const [index, labels] of stored.entries()) keep(labels, itsNumbers[index]!);
    },
    async covered(sql, clearance) {
      if (clearance === "all") return undefined;
      const rows = await sql.query<{ number: number; labels: string[] }>(
        "select number, string_to_array(text, ' ') as labels from roost.label_set",
        [],
        { name: "roost_read_label_sets" },
      );
      return rows.filter(({ labels }) => covers(clearance, parseLabels(labels))).map(({ number }) => number);
    },
    async read(sql, number) {
      const known = sets.get(number);
      if (known !== undefined) return known;
      const [row] = await sql.query<{ labels: string[] }>(
        "select string_to_array(text, ' ') as labels from roost.label_set where number = $1",
        [number],
        { name: "roost_read_label_set" },
      );
      const labels = parseLabels(row?.labels);
      // Not cached for lookup by labels: the row may belong to an open transaction.
      if (row !== undefined) sets.set(number, labels);
      return labels;
    },
  };
}

function textOf(labels: Labels): string {
  return formatLabels(labels).join(" ");
}
