import { pageByName, serve, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listMarkedFiles, readFileBytes, trustHomeFile, type Memory } from "@roost/memory";
import { iso } from "../records/iso.ts";

export function serveFiles({ memory, onTrusted }: { memory: Memory; onTrusted: () => void }): Served[] {
  return [
    serve(operations.listFiles, async ({ limit, after, isMarked }) => {
      const files = await listMarkedFiles(memory, { as: { kind: "main" } });
      const wanted = files.filter(({ mark }) => isMarked === undefined || (mark !== null) === isMarked);
      const { rows, next } = pageByName(wanted, { limit, after }, ({ path }) => path);
      return toPage(
        rows.map(({ path, bytes, modifiedAt, mark }) => ({
          path,
          bytes,
          modifiedAt: iso(modifiedAt),
          mark: mark && { ...mark, sources: [...mark.sources] },
        })),
        next,
      );
    }),

    serve(operations.getFile, async ({ path }) => {
      const { bytes, isText } = await readFileBytes(memory, path, { as: { kind: "main" } });
      const mediaType = isText ? "text/plain" : "application/octet-stream";
      return { bytes, mediaType, filename: path.split("/").at(-1) };
    }),

    serve(operations.trustFile, async (trusted, { principal }) => {
      const file = await trustHomeFile(memory, { ...trusted, by: principal.id });
      onTrusted();
      return { file };
    }),
  ];
}
