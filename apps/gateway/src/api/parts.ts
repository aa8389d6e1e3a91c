/** Parts of messages and results: upload one, fetch one. */
import { RoostError } from "@roost/base";
import { serve, type Principal, type Served } from "@roost/contract";
import { joinLabels, mainLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import { keepPart, readPart, type Memory } from "@roost/memory";
import { isPerson, toldTo } from "../security/told-to.ts";

export function serveParts({ memory }: { memory: Memory }): Served[] {
  return [
    serve(operations.uploadPart, async ({ name, content: { bytes, mediaType } }, { principal }) => ({
      part: await keepPart(memory, { content: bytes, mediaType, name, labels: labelsOf(principal) }),
    })),

    serve(operations.getPart, async ({ sha256, name }, { principal }) => {
      const part = await readPart(memory, sha256);
      // Whether there is one is told to those who may know it.
      const [found] = await toldTo(memory.kernel, principal, part === undefined ? [] : [part], ({ labels }) => labels);
      if (found === undefined) throw new RoostError("not_found", `There is no part ${sha256}`);
      const { bytes, mediaType } = found;
      return { bytes, mediaType, sha256, filename: name ?? found.name ?? sha256.slice(0, 12) };
    }),
  ];
}

/** The person vouches for what they hand over; what a program hands over is from outside. */
function labelsOf(principal: Principal): Labels {
  return isPerson(principal) ? mainLabels : joinLabels(mainLabels, untrustedFrom("client", principal.id));
}
