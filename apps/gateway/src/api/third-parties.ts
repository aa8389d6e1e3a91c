/** Services of other makers. What is accepted can be called: the document is read here as a worker reads it. */
import { RoostError, type JsonObject } from "@roost/base";
import { pageByName, serve, toPage, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { describeOperations, placeSecret, type ThirdPartyOperation } from "@roost/openapi";
import type { StoredThirdParty, ThirdParties } from "@roost/service";
import { iso } from "../records/iso.ts";

const operationsMax = 300;
const toolNameCharsMax = 64;

export function serveThirdParties({ thirdParties }: { thirdParties: ThirdParties }): Served[] {
  return [
    serve(operations.listThirdParties, async ({ limit, after }) => {
      const { rows, next } = pageByName(await thirdParties.list(), { limit, after }, ({ name }) => name);
      return toPage(rows.map(toRecord), next);
    }),
    serve(operations.getThirdParty, async ({ name }) => {
      const [found, document] = await Promise.all([thirdParties.find(name), thirdParties.documentOf(name)]);
      return { thirdParty: toRecord(found), operations: describeOperations(document).map(toOperation), document };
    }),
    serve(operations.putThirdParty, async ({ document: given, ...rest }) => {
      const document = given as JsonObject;
      refuseServer(rest.server);
      for (const { scheme } of rest.secrets) placeSecret(document, scheme);
      const operationCount = countOperations(rest.name, document);
      const { thirdParty, change } = await thirdParties.put({ ...rest, document, operationCount });
      return { thirdParty: toRecord(thirdParty), change };
    }),
    serve(operations.removeThirdParty, async ({ name }) => ({ thirdParty: toRecord(await thirdParties.remove(name)) })),
  ];
}

function refuseServer(server: string): void {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === "";
  if (!isPlain || !/^https?:$/.test(url.protocol))
    throw new RoostError(
      "invalid_input",
      `"${server.slice(0, 200)}" is no address of a server: give host and path, with https`,
    );
}

/** @throws RoostError `invalid_input` when one of them can be no tool */
function countOperations(service: string, document: JsonObject): number {
  const described = describeOperations(document);
  const ids = new Set<string>();
  for (const { id, effect, method } of described) {
    const isName = /^[A-Za-z0-9_-]+$/.test(id) && service.length + 1 + id.length <= toolNameCharsMax && !ids.has(id);
    if (!isName || !operations.ThirdPartyOperation.shape.effect.safeParse(effect).success)
      throw new RoostError(
        "invalid_input",
        `${method} ${id.slice(0, 100)} is no operation that roost service add writes: add the service with it`,
      );
    ids.add(id);
  }
  if (ids.size > 0 && ids.size <= operationsMax) return ids.size;
  throw new RoostError("invalid_input", `the document has ${ids.size} operations: give 1 to ${operationsMax}`);
}

function toOperation({ id, method, path, summary, effect }: ThirdPartyOperation): operations.ThirdPartyOperationRecord {
  return { id, method, path, summary, effect };
}

function toRecord({ addedAt, secrets, ...rest }: StoredThirdParty): operations.ThirdPartyRecord {
  return { ...rest, secrets: [...secrets], addedAt: iso(addedAt) };
}
