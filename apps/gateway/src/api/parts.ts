/** Parts of messages and results: upload one, fetch one, link to one. */
import { RoostError } from "@roost/base";
import { serve, type Principal, type Served } from "@roost/contract";
import { joinLabels, mainLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import { keepPart, readPart, type Memory, type StoredPart } from "@roost/memory";
import { isPerson, toldTo } from "../security/told-to.ts";

export function serveParts({ memory }: { memory: Memory }): Served[] {
  return [
    serve(operations.uploadPart, async ({ name, content: { bytes, mediaType } }, { principal }) => ({
      part: await keepPart(memory, { content: bytes, mediaType, name, labels: labelsOf(principal) }),
    })),

    serve(operations.getPart, async ({ sha256, name }, { principal }) => {
      const { bytes, mediaType, name: itsName } = await partFor(memory, principal, sha256);
      return { bytes, mediaType, sha256, filename: name ?? itsName ?? sha256.slice(0, 12) };
    }),

    serve(operations.linkPart, async ({ sha256, seconds }, { principal }) => {
      const { name } = await partFor(memory, principal, sha256);
      return { url: (await memory.parts.link(sha256, { seconds, filename: name ?? sha256.slice(0, 12) })) ?? null };
    }),
  ];
}

/** Whether there is one is told to those who may know it. @throws RoostError `not_found` */
async function partFor(memory: Memory, principal: Principal, sha256: string): Promise<StoredPart> {
  const part = await readPart(memory, sha256);
  const [found] = await toldTo(memory.kernel, principal, part === undefined ? [] : [part], ({ labels }) => labels);
  if (found === undefined) throw new RoostError("not_found", `There is no part ${sha256}`);
  return found;
}

/** The person vouches for what they hand over; what a program hands over is from outside. */
function labelsOf(principal: Principal): Labels {
  return isPerson(principal) ? mainLabels : joinLabels(mainLabels, untrustedFrom("client", principal.id));
}
