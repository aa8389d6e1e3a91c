/** Files of the home by their paths: listed, read, written under the same rules as everywhere, and trusted. What they say is for others to read. */
import { RoostError } from "@roost/base";
import { coversScope, pageByName, serve, type Principal, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { heldFile, listMarkedFiles, readFileBytes, trustHomeFile, writeHomeFile, type Memory } from "@roost/memory";
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

    serve(operations.writeFile, async ({ path, text, sha256 }, { principal }) => {
      refuseJobFile(path, principal);
      const as = { kind: "main", isPerson: principal.kind === "owner" } as const;
      const written = { path, text, expected: sha256 ?? "absent", as, by: principal.id };
      const outcome = await writeHomeFile(memory, written);
      if (outcome.state === "conflict")
        return { state: "conflict", sha256: outcome.sha256 === "absent" ? null : outcome.sha256, text: outcome.text };
      return { state: "written", sha256: "sha256" in outcome ? outcome.sha256 : null, text: null };
    }),

    serve(operations.trustFile, async (trusted, { principal }) => {
      const file = await trustHomeFile(memory, { ...trusted, by: principal.id });
      onTrusted();
      return { file };
    }),
  ];
}

/** A file of a job defines it. @throws RoostError `forbidden` */
function refuseJobFile(path: string, { id, scopes }: Principal): void {
  if (heldFile(path)?.class !== "job" || coversScope(scopes, "jobs:write")) return;
  throw new RoostError(
    "forbidden",
    `${path} defines a job, and ${id} has no scope jobs:write: change it in the home, or give it that scope`,
  );
}
