import { formatLabels } from "@roost/contract/labels";
import type { HomeFact } from "@roost/contract/operations";
import type { Fact } from "@roost/memory";
import { iso, isoOrNull } from "./iso.ts";

export function toHomeFact({
  labels,
  validFrom,
  validTo,
  recordedAt,
  retractedAt,
  runId: _runId,
  ...fact
}: Fact): HomeFact {
  return {
    ...fact,
    validFrom: iso(validFrom),
    validTo: isoOrNull(validTo),
    recordedAt: iso(recordedAt),
    retractedAt: isoOrNull(retractedAt),
    labels: formatLabels(labels),
  };
}
