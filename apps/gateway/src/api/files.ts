/** Files of the home by their paths: listed, read, written under the same rules as everywhere, and trusted. What they say is for others to read. */
import { RoostError } from "@roost/base";
import {
  coversScope,
  pageByName,
  placeOf,
  serve,
  textPlace,
  type Principal,
  type Served,
  type StreamItem,
  toPage,
} from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { formatOffsets, readEnd, type Kernel } from "@roost/kernel";
import {
  hashHomeFile,
  heldFile,
  listFileVersions,
  listMarkedFiles,
  readFileBytes,
  readFileRange,
  removeHomeFile,
  restoreFileVersion,
  takeFileRange,
  trustHomeFile,
  writeHomeBytes,
  writeHomeFile,
  type Memory,
} from "@roost/memory";
import { iso } from "../records/iso.ts";

/** Wake-ups announce changes; this finds what a lost one would have. */
const watchPollMs = 15_000;

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
      const outcome = await writeHomeFile(memory, {
        path,
        text,
        expected: sha256 ?? "absent",
        ...broughtBy(principal),
      });
      if (outcome.state === "conflict")
        return { state: "conflict", sha256: outcome.sha256 === "absent" ? null : outcome.sha256, text: outcome.text };
      return { state: "written", sha256: "sha256" in outcome ? outcome.sha256 : null, text: null };
    }),

    serve(operations.putFile, async ({ path, sha256, content: { bytes } }, { principal }) => {
      refuseJobFile(path, principal);
      const outcome = await writeHomeBytes(memory, {
        path,
        bytes,
        expected: sha256 ?? "absent",
        ...broughtBy(principal),
      });
      const there = "sha256" in outcome && outcome.sha256 !== "absent" ? outcome.sha256 : null;
      return { state: outcome.state === "conflict" ? "conflict" : "written", sha256: there };
    }),

    ...serveRanges(memory),

    serve(operations.removeFile, async ({ path, sha256 }, { principal }) => {
      refuseJobFile(path, principal);
      const { as, by } = broughtBy(principal);
      const outcome = await removeHomeFile(memory, { path, expected: sha256, as, by });
      return { state: outcome.state, sha256: outcome.state === "conflict" ? outcome.sha256 : null };
    }),

    ...serveVersions(memory),

    serve(operations.watchFiles, async ({ after }, { signal }) => watchFiles(memory.kernel, { after, signal })),

    serve(operations.trustFile, async (trusted, { principal }) => {
      const file = await trustHomeFile(memory, { ...trusted, by: principal.id });
      onTrusted();
      return { file };
    }),
  ];
}

/** Files that are too large to go whole. */
function serveRanges(memory: Memory): Served[] {
  return [
    serve(operations.hashFile, async ({ path }) => {
      const { sha256, bytes, modifiedAt } = await hashHomeFile(memory, path, { as: { kind: "main" } });
      return { sha256, bytes, modifiedAt: iso(modifiedAt) };
    }),

    serve(operations.getFileRange, async ({ path, sha256, from }) => {
      const bytes = await readFileRange(memory, { path, sha256, from, as: { kind: "main" } });
      return { bytes, mediaType: "application/octet-stream" };
    }),

    serve(operations.putFileRange, async ({ content, replaces, ...range }, { principal }) => {
      refuseJobFile(range.path, principal);
      const { as, by } = broughtBy(principal);
      const expected = replaces ?? "absent";
      const outcome = await takeFileRange(memory, { ...range, content: content.bytes, expected, as, by });
      if (outcome.state === "more") return { state: "more", next: outcome.next, sha256: null };
      return { state: outcome.state, next: null, sha256: outcome.sha256 === "absent" ? null : outcome.sha256 };
    }),
  ];
}

function serveVersions(memory: Memory): Served[] {
  return [
    serve(operations.listFileVersions, async ({ path, limit, after }) => {
      const { versions, present } = await listFileVersions(memory, path, { as: { kind: "main" } });
      const place = placeOf(textPlace, after);
      const rest = versions.slice(firstAfter(versions, place));
      const items = rest.slice(0, limit).map(({ sha256, bytes, at, by, dropped }) => ({
        sha256,
        bytes,
        at: iso(at),
        by: by ?? null,
        isPresent: sha256 === present,
        dropped: dropped === undefined ? null : { at: iso(dropped.at), limit: dropped.limit },
      }));
      return toPage(items, rest.length > limit ? items.at(-1)?.sha256 : null);
    }),

    serve(operations.restoreFile, async (asked, { principal }) => {
      refuseJobFile(asked.to ?? asked.path, principal);
      const { as, by } = broughtBy(principal);
      return await restoreFileVersion(memory, { ...asked, as, by });
    }),
  ];
}

/** Each content is in it once. @throws RoostError `invalid_input` for a place that is none any more */
function firstAfter(versions: readonly { sha256: string }[], place: string | undefined): number {
  if (place === undefined) return 0;
  const index = versions.findIndex(({ sha256 }) => sha256 === place);
  if (index >= 0) return index + 1;
  throw new RoostError(
    "invalid_input",
    `after: there is no version ${place.slice(0, 64)} of this file any more: list its versions from the beginning`,
  );
}

/** A host brings what somebody edited there, as an editor does on the home's own disk. */
function broughtBy({ id, kind }: Principal) {
  return { as: { kind: "main", isPerson: kind === "owner" }, by: id, isFromOutside: kind === "host" } as const;
}

/** One item for what changed since the last, however much it is. */
async function* watchFiles(
  kernel: Kernel,
  { after, signal }: { after: string | undefined; signal: AbortSignal },
): AsyncGenerator<StreamItem<{ at: string }>> {
  const readPlace = async () => formatOffsets(await readEnd(kernel.database, ["home"]));
  using changes = kernel.wakeups.watch("log:home");
  for (let seen = after ?? (await readPlace()); !signal.aborted;) {
    const now = await readPlace();
    if (now !== seen) yield { id: now, event: "changed", data: { at: new Date(kernel.clock.nowMs()).toISOString() } };
    seen = now;
    await changes.next({ timeoutMs: watchPollMs, signal });
  }
}

/** A file of a job defines it. @throws RoostError `forbidden` */
function refuseJobFile(path: string, { id, scopes }: Principal): void {
  if (heldFile(path)?.class !== "job" || coversScope(scopes, "jobs:write")) return;
  throw new RoostError(
    "forbidden",
    `${path} defines a job, and ${id} has no scope jobs:write: change it in the home, or give it that scope`,
  );
}
