/** Table memory.last_export: how old the newest whole export is, for the person. */
import type { LastExport } from "@roost/contract/operations";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import type { Kernel } from "@roost/kernel";

type Row = Omit<LastExport, "at"> & { at: Date };

const columns = 'at, by, file_count::int as "fileCount", left_out_count::int as "leftOutCount"';

export async function noteExport(kernel: Kernel, done: Omit<LastExport, "at">): Promise<LastExport> {
  return kernel.transact(async (tx) => {
    const { by, fileCount, leftOutCount } = done;
    const [row] = await tx.query<Row>(
      `insert into memory.last_export (by, file_count, left_out_count) values ($1, $2, $3)
       on conflict (is_single) do update set at = roost.now(), by = excluded.by, file_count = excluded.file_count, left_out_count = excluded.left_out_count
       returning ${columns}`,
      [by, fileCount, leftOutCount],
    );
    tx.emit({ type: "export.done", labels: formatLabels(mainLabels), data: { ...done } });
    return toLastExport(row!);
  });
}

/** Null: never. */
export async function readLastExport({ database }: Pick<Kernel, "database">): Promise<LastExport | null> {
  const [row] = await database.query<Row>(`select ${columns} from memory.last_export`);
  return row === undefined ? null : toLastExport(row);
}

function toLastExport({ at, ...rest }: Row): LastExport {
  return { at: at.toISOString(), ...rest };
}
