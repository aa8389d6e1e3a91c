import type { JobVersion as VersionRecord } from "@roost/contract/operations";
import { getJobVersion, listJobVersions as readVersions, type JobVersion } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { iso } from "../records/iso.ts";
import { requireCursor } from "../records/require-cursor.ts";

export function listJobVersions({ kernel }: GatewayContext): ApiHandler<"listJobVersions"> {
  return async ({ jobId, version, limit, after }) => {
    if (version !== undefined)
      return { versions: [toVersionRecord(await getJobVersion(kernel, jobId, version))], next: null };
    const before = after === undefined ? {} : { before: Number(requireCursor("number", after)) };
    const { versions, next } = await readVersions(kernel, jobId, { limit, ...before });
    return { versions: versions.map(toVersionRecord), next: next === null ? null : String(next) };
  };
}

function toVersionRecord(found: JobVersion): VersionRecord {
  const { jobId, version, definition, definedBy, definedAt, liveRunCount, differences } = found;
  return { jobId, version, definition, definedBy, definedAt: iso(definedAt), liveRunCount, differences };
}
